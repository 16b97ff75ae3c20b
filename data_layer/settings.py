"""How the data layer's service is set up; the only reader of the environment here.

Every field can be given as ``POAMA_DATA_<NAME>``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from platformdirs import user_cache_path
from pydantic import ByteSize, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from data_layer.memory import LARGEST_AT_ONCE, Budget

# Measured: the libraries, which all readers share; the front without its cache, at a start
# and with an index of some thousand files; a reader at its start, and one that reads.
LIBRARY_BYTES = 140 << 20
LEAST_FRONT_BYTES = 60 << 20
FRONT_BYTES = 100 << 20
IDLE_READER_BYTES = 140 << 20
LEAST_READER_BYTES = 160 << 20
# Of the memory, the part that one answer may take on its way out.
ANSWER_SHARE = 0.1


def _default_readers() -> int:
    return min(4, len(os.sched_getaffinity(0)))


def default_index_dir() -> Path:
    """Where an index is kept when nothing is said."""
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
    compare_deadline: the same for an answer that a hindcast is read for.
    inspect_deadline: seconds a reader may take to look at one file that is new; then the
        file is refused.
    index_dir: where to keep what was found in the archive's files, so that a restart
        need not open them again. Never a place within the archive.
    memory: what all processes of the data layer take together, by default 1 GiB with two
        readers. A reader that holds more than its share between two answers is replaced. For
        one answer it may take more, as long as there is room: first the cache gives way, then
        what was asked is refused as too large. A large archive, a larger cache and more readers
        need more; what cannot hold the readers is refused at the start.
    reader_memory: address space of one reader, of which it uses a part.
    largest_at_once: a file is refused when a chunk, an axis or a map of it unpacks to more.
    reader_jobs: answers after which a reader is replaced.
    cache_bytes: size of the cache of encoded frames.
    shared_cache: address of a Redis server that keeps frames for several data layers, such as
        ``redis://:password@cache:6379/0``; nothing is shared without one.
    climatology_bytes: disk that climatologies of hindcasts may take, in ``index_dir``.
    pyramid_bytes: disk that coarser levels of large maps may take, in ``index_dir``.
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
    compare_deadline: Annotated[float, Field(gt=0)] = 60.0
    inspect_deadline: Annotated[float, Field(gt=0)] = 30.0
    index_dir: Path = Field(default_factory=default_index_dir)
    # 1 GiB with two readers.
    memory: ByteSize = Field(
        default_factory=lambda given: ByteSize((512 + 256 * given["readers"]) << 20)
    )
    reader_memory: ByteSize = ByteSize(4 * 2**30)
    largest_at_once: ByteSize = ByteSize(LARGEST_AT_ONCE)
    # A new reader costs about a second of processor time, as much as 100 frames.
    reader_jobs: Annotated[int, Field(ge=1)] = 2000
    cache_bytes: ByteSize = ByteSize(256 * 2**20)
    shared_cache: SecretStr = SecretStr("")
    climatology_bytes: ByteSize = ByteSize(4 * 2**30)
    pyramid_bytes: ByteSize = ByteSize(2 * 2**30)
    max_cells: Annotated[int, Field(gt=0)] = 60_000_000
    rescan_seconds: Annotated[float, Field(gt=0)] = 1.0
    drain_seconds: Annotated[float, Field(ge=0)] = 20.0

    @property
    def budget(self) -> Budget:
        """How the memory is shared."""
        memory = int(self.memory)
        fixed = LIBRARY_BYTES + FRONT_BYTES + int(self.cache_bytes)
        others = LIBRARY_BYTES + LEAST_FRONT_BYTES + (self.readers - 1) * IDLE_READER_BYTES
        return Budget(
            limit=memory,
            share=(memory - fixed) // self.readers,
            most=memory - others,
            answer=int(ANSWER_SHARE * memory),
        )

    @model_validator(mode="after")
    def _memory_is_enough(self) -> DataSettings:
        if self.budget.share < LEAST_READER_BYTES:
            needed = LIBRARY_BYTES + FRONT_BYTES + int(self.cache_bytes)
            needed += self.readers * LEAST_READER_BYTES
            raise ValueError(
                f"memory is too small for {self.readers} readers and a cache of "
                f"{int(self.cache_bytes) >> 20} MiB: it needs {needed >> 20} MiB; "
                "give it more, or have fewer readers or a smaller cache"
            )
        return self

    @model_validator(mode="after")
    def _index_is_not_in_the_archive(self) -> DataSettings:
        if self.index_dir.resolve().is_relative_to(self.folder.resolve()):
            raise ValueError("index_dir lies in the archive; name a place outside of it")
        return self
