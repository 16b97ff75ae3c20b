"""How the data layer's service is set up; the only reader of the environment here.

Every field can be given as ``POAMA_DATA_<NAME>``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from platformdirs import user_cache_path
from pydantic import ByteSize, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from data_layer.memory import LARGEST_AT_ONCE


def _default_readers() -> int:
    return min(4, len(os.sched_getaffinity(0)))


def _default_index_dir() -> Path:
    return user_cache_path("poama-panel") / "index"


class DataSettings(BaseSettings):
    """Settings of ``python -m data_layer.server``.

    Attributes
    ----------
    folder: the archive; everything below it is looked at.
    keys: a JWK Set file with the view's public keys.
    host, port: where to listen. Another host than loopback opens the data
        layer to a network and has to be asked for.
    readers: number of reader processes.
    deadline: seconds a reader may take for one answer.
    inspect_deadline: seconds a reader may take to look at one file that is new; then the
        file is refused.
    index_dir: where to keep what was found in the archive's files, so that a restart
        need not open them again. Never a place within the archive.
    reader_memory: address space of one reader.
    largest_at_once: a file is refused when a chunk, an axis or a map of it unpacks to more.
    reader_jobs: answers after which a reader is replaced.
    cache_bytes: size of the cache of encoded frames.
    max_cells: the largest answer, in values.
    rescan_seconds: how often to look for new files.
    drain_seconds: how long a stopping service goes on answering what was asked.
    """

    model_config = SettingsConfigDict(env_prefix="POAMA_DATA_", extra="forbid", frozen=True)

    folder: Path
    keys: Path
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 5007
    readers: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=_default_readers)
    deadline: Annotated[float, Field(gt=0)] = 10.0
    inspect_deadline: Annotated[float, Field(gt=0)] = 30.0
    index_dir: Path = Field(default_factory=_default_index_dir)
    reader_memory: ByteSize = ByteSize(4 * 2**30)
    largest_at_once: ByteSize = ByteSize(LARGEST_AT_ONCE)
    # A new reader costs about a second of processor time, as much as 100 frames.
    reader_jobs: Annotated[int, Field(ge=1)] = 2000
    cache_bytes: ByteSize = ByteSize(256 * 2**20)
    max_cells: Annotated[int, Field(gt=0)] = 60_000_000
    rescan_seconds: Annotated[float, Field(gt=0)] = 1.0
    drain_seconds: Annotated[float, Field(ge=0)] = 20.0

    @model_validator(mode="after")
    def _index_is_not_in_the_archive(self) -> DataSettings:
        if self.index_dir.resolve().is_relative_to(self.folder.resolve()):
            raise ValueError("index_dir lies in the archive; name a place outside of it")
        return self
