"""``python -m data_layer.server --data DIR --keys FILE [--host HOST] [--port PORT]``."""

from __future__ import annotations


# The readers' processes import this module again; everything heavy stays inside.
def main() -> None:
    """Read the settings and serve."""
    import argparse
    import asyncio
    import logging
    import sys

    from pydantic import ValidationError

    from data_layer.reading import LOG_FORMAT
    from data_layer.server.app import serve
    from data_layer.settings import DataSettings

    parser = argparse.ArgumentParser(prog="python -m data_layer.server", description=__doc__)
    parser.add_argument("--data", dest="folder", help="the archive's folder")
    parser.add_argument("--keys", help="JWK Set file with the view's public keys")
    parser.add_argument("--host", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, help="port to listen on (default 5007; 0: any)")
    given = {k: v for k, v in vars(parser.parse_args()).items() if v is not None}
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    try:
        settings = DataSettings(**given)
    except ValidationError as error:
        lines = [f"{e['loc'][0]}: {e['msg']}" for e in error.errors()]
        sys.exit("The settings are not usable.\n" + "\n".join(lines) + f"\n{parser.format_usage()}")
    try:
        asyncio.run(serve(settings))
    except (ValueError, OSError) as error:
        sys.exit(f"The data layer cannot start: {error}")


if __name__ == "__main__":
    main()
