"""What is proved: claims, certificates, the kernel that re-checks them, reports and the command line."""
