"""Who answers with maps over HTTP: ours through the dashboard, and the peers."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from asking import Asker, Refused
from contestants import BIN, HERE, START_SECONDS, PoamaPanel, Server, free_port
from load.page import APP, Page

from data_layer.auth.tokens import Signer

COLOURS = "colorscalerange=235,310"


class OurFrames:
    """The dashboard with its data layer, asked for frames by somebody who is signed in."""

    def __init__(self, archive: Path, state: Path) -> None:
        ours = PoamaPanel(archive, state)
        self.server = ours.server
        self.asker = Asker(ours.url)
        self.asker.sign_in(ours.username, ours.password)
        html = self.asker.get(f"/{APP}").decode()
        # In a thread: who drives a browser has a loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            page = _path_of(ours.url, html, self.asker.cookie)
            self._path = thread.submit(asyncio.run, page).result()

    def paths(self, member: int, lead: int) -> list[str]:
        """The address of one member's map."""
        parts = self._path.split("/")
        parts[3] = "value"
        return ["/frames/" + "/".join(parts).format(lead=lead, member=member)]


@dataclass(frozen=True)
class Peer:
    """A server of pictures.

    Attributes
    ----------
    app: its program in ``apps/``, called with the file, a port and ``args``.
    packages: whose versions count.
    paths: addresses of the pictures that make one map, of a member and a lead.
    """

    name: str
    app: str
    args: tuple[str, ...]
    packages: tuple[str, ...]
    paths: Callable[[int, int], list[str]]


class PeerFrames:
    """A peer that has started and answered once; ``cold`` says after how many seconds.

    Raises
    ------
    RuntimeError: it does not start or does not answer.
    """

    def __init__(self, peer: Peer, python: Path, archive: Path, folder: Path) -> None:
        port = free_port()
        self.paths = peer.paths
        command = [str(python), str(HERE / "apps" / peer.app), str(archive / "forecast.nc")]
        begun = time.perf_counter()
        self.server = Server([*command, str(port), *peer.args], "", folder / "server.log")
        self.asker = Asker(f"http://127.0.0.1:{port}")
        try:
            wait_for(self.server, self.asker, peer.paths(0, 0)[0])
        except BaseException:
            self.server.stop()
            raise
        took, cpu = time.perf_counter() - begun, self.server.cpu_seconds()
        self.cold = {"cold_s": took, "cold_cpu_s": cpu}


def data_layer_cold(archive: Path, state: Path, path: str) -> dict[str, float]:
    """From the start of the data layer's process to its first frame, seconds by clock and CPU.

    Parameters
    ----------
    state: folder of a dashboard that has served ``archive``: its keys, and the index kept.
    path: of a frame, as the dashboard is asked for it.
    """
    port = free_port()
    token = Signer((state / "view-key.pem").read_bytes()).mint("bench")
    asker = Asker(f"http://127.0.0.1:{port}", Authorization=f"Bearer {token}")
    command = [str(BIN / "poama-panel"), "data", "--data", str(archive), "--port", str(port)]
    env = {"POAMA_STATE_DIR": str(state), "POAMA_DATA_INDEX_DIR": str(state / "index")}
    begun = time.perf_counter()
    server = Server(command, "", state / "data.log", **env)
    try:
        wait_for(server, asker, f"/v1{path}")
        return {"cold_s": time.perf_counter() - begun, "cold_cpu_s": server.cpu_seconds()}
    finally:
        server.stop()


def wait_for(server: Server, asker: Asker, path: str) -> None:
    """Ask until there is an answer with status 200.

    Raises
    ------
    RuntimeError: the server ended, or does not give one.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            asker.get(path)
            return
        except (OSError, http.client.HTTPException) as error:
            asker.close()
            said = repr(error)
        except Refused as error:
            said = str(error)
        if not server.runs():
            raise RuntimeError(f"the server did not start: {server.said()[-300:]}")
        time.sleep(0.02)
    raise RuntimeError(f"no answer in {START_SECONDS} s: {said}")


async def _path_of(url: str, html: str, cookie: str) -> str:
    page = await Page.open(url, html, cookie)
    await page.close()
    return page.map.path


def _wms(member: int, lead: int) -> list[str]:
    return [
        "/datasets/forecast/wms/?service=WMS&version=1.3.0&request=GetMap&layers=t2m"
        "&crs=EPSG:4326&bbox=-180,-90,180,90&width=1024&height=512&styles=raster/turbo"
        f"&{COLOURS}&autoscale=false&member={member}&lead={lead}"
    ]


def _tiles(member: int, lead: int) -> list[str]:
    return [
        f"/datasets/forecast/tiles/WebMercatorQuad/1/{row}/{column}?variables=t2m&f=image/png"
        f"&style=raster/turbo&{COLOURS}&width=512&height=512&member={member}&lead={lead}"
        for row in (0, 1)
        for column in (0, 1)
    ]


def _bbox(member: int, lead: int) -> list[str]:
    return [
        "/bbox/-180,-85,180,85/1024x512.png?url=forecast&variable=t2m&rescale=235,310"
        f"&colormap_name=turbo&sel=member={member}&sel=lead={lead}"
    ]


PEERS = (
    Peer("xpublish-wms", "xpublish_app.py", ("wms",), ("xpublish", "xpublish-wms"), _wms),
    Peer("xpublish-tiles", "xpublish_app.py", ("tiles",), ("xpublish-tiles",), _tiles),
    Peer("titiler-xarray", "titiler_app.py", (), ("titiler-xarray", "rio-tiler"), _bbox),
)
