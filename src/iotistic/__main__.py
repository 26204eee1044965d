"""`python -m iotistic` is the `iotistic` command."""

from iotistic.cli.main import main

if __name__ == "__main__":
    main()
