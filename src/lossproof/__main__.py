"""Run the command line: ``python -m lossproof``."""


def main() -> None:
    """Start the command line."""
    from lossproof.certificates.commands.main import main as run

    run()


if __name__ == "__main__":
    main()
