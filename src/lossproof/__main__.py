"""Run the command line: ``python -m lossproof``."""


def main() -> None:
    """Start the command line; Ctrl-C while it is being loaded, or a second one while it ends, is said in one line."""
    import sys

    try:
        from lossproof.certificates.commands.main import main as run

        run()
    except KeyboardInterrupt:
        print("lossproof: interrupted; no file was left half-written", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
