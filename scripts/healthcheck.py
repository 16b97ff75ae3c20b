"""Says by its exit status whether this container's role answers.

The image serves as dashboard or as data layer, and a container has one of the
two; so it is well when either port answers. Only ``/healthz`` is asked: a
dashboard must not be started anew because the data layer is away.
"""

from __future__ import annotations

import http.client
import os
import sys

ROLES = (
    (os.environ.get("POAMA_PORT", "5006"), os.environ.get("POAMA_PREFIX", "").strip("/")),
    (os.environ.get("POAMA_DATA_PORT", "5007"), ""),
)


def answers(port: str, prefix: str) -> bool:
    """Whether ``/healthz`` below ``prefix`` is answered with 200 within two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    try:
        connection.request("GET", f"/{prefix}/healthz" if prefix else "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not any(answers(*role) for role in ROLES))
