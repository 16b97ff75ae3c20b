"""``catalogue.yml``: what the files of an archive do not say of themselves, or say wrongly.

It lies in the archive's folder and is optional. Each entry names files and says what
holds for them; the first entry whose pattern fits a file counts::

    datasets:
      - files: seas5/hindcast/*.nc
        id: seas5-hindcast
        title: ECMWF SEAS5, hindcast
        role: hindcast                  # forecast, hindcast or observations
        of: seas5                       # the dataset that it is the hindcast of
        scope: data:seas5               # who may see it; without: everybody signed in
        coordinates:                    # which variable of the files plays which part
          lead: step
        variables:
          t2m: {units: K, standard_name: air_temperature, title: Temperature at 2 m}
        lagged: {starts: 9}             # and ensembles of the last nine starts beside it
      - files: ["scratch/**", "*_old.nc"]
        leave_out: true
      - url: s3://bucket/seas5.zarr     # a Zarr store elsewhere, in place of files
        storage_options: {anon: true, region: eu-west-1}
      - files: refs/seas5.json          # a reference set, and what its addresses begin with
        targets: https://host/seas5/

A pattern is relative to the file's own folder; ``*`` stays within a folder and ``**``
goes through any number of them.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from data_layer.api import Role
from data_layer.errors import BadRequest
from data_layer.references import ReferencesPath, is_references
from data_layer.remote import Options, check_url, is_url
from data_layer.remote_stores import RemotePath

FILE_NAME = "catalogue.yml"
LARGEST = 4 << 20

Part = Literal["init", "lead", "member", "valid", "lat", "lon"]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Url = Annotated[str, Field(max_length=500), AfterValidator(check_url)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VariableWords(_Strict):
    """What is to be said of one variable in place of the file's own words."""

    title: Text | None = None
    units: Text | None = None
    standard_name: Text | None = None
    cell_methods: Text | None = None

    def attributes(self) -> dict[str, str]:
        """As attributes of a NetCDF variable."""
        said = self.model_dump(exclude_none=True)
        return {"long_name" if name == "title" else name: text for name, text in said.items()}


class Lagged(_Strict):
    """Ensembles of the last ``starts`` starts, none older than ``days`` before the newest."""

    starts: Annotated[int, Field(ge=2, le=100)]
    days: Annotated[int, Field(ge=1, le=92)] = 31


class StorageOptions(_Strict):
    """How an address is reached; nothing secret, which does not belong into a file."""

    endpoint_url: Annotated[Url, Field(pattern="^https?://")] | None = None
    anon: bool | None = None
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] | None = None


class Entry(_Strict):
    """What holds for the files that a pattern fits, or for a Zarr store elsewhere."""

    url: Url | None = None
    files: Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(validate_default=True)] = ()
    targets: Annotated[tuple[Url, ...], BeforeValidator(_listed)] = ()
    storage_options: StorageOptions | None = None
    id: Id | None = None
    title: Text | None = None
    role: Role | None = None
    of: Id | None = None
    scope: Annotated[str, Field(pattern=r"^[a-z0-9:._-]{1,64}$")] | None = None
    layout: Text | None = None
    system: Text | None = None
    institution: Text | None = None
    licence: Text | None = None
    comment: Text | None = None
    synthetic: bool | None = None
    coordinates: dict[Part, Text] = {}
    variables: dict[Text, VariableWords] = {}
    lagged: Lagged | None = None
    leave_out: bool = False

    @field_validator("files")
    @classmethod
    def _names_something(cls, files: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not files and info.data.get("url", "wrong") is None:
            raise ValueError("name files, or the url of a store")
        return files

    def fits(self, path: str) -> bool:
        """Whether a path, relative to the archive and with ``/``, or an address is meant."""
        if is_url(path):
            return path == self.url
        return any(_pattern(p).fullmatch(path) for p in self.files)

    def place(self, folder: Path, name: str) -> Path:
        """Where a file of the archive in ``folder`` is read, or a store elsewhere.

        Parameters
        ----------
        name: a path relative to the folder, or the address of this entry.
        """
        options = Options(**(self.storage_options or StorageOptions()).model_dump())
        if self.url is not None and name == self.url:
            return RemotePath.of(self.url, options)
        if is_references(name):
            return ReferencesPath.of(folder / name, folder, self.targets, options)
        return folder / name

    def written(self) -> str:
        """Everything but the patterns, as text that is equal for equal entries."""
        said = self.model_dump(exclude={"files"}, exclude_defaults=True)
        return json.dumps(said, sort_keys=True) if said else ""

    @staticmethod
    @lru_cache(256)
    def read(written: str) -> Entry:
        """The inverse of :meth:`written`."""
        return Entry(files=("*",), **json.loads(written)) if written else NOTHING_SAID


NOTHING_SAID = Entry(files=("*",))


def _whole(entry: Entry) -> Entry:
    if entry.files and entry.url:
        raise ValueError("name either files or a url")
    if entry.targets and any(set(name) & set("*?") for name in entry.files):
        raise ValueError("targets go with files that are named by themselves, without * and ?")
    if entry.targets and entry.url:
        raise ValueError("targets go with reference sets in files")
    if entry.storage_options:
        named = [entry.url, *entry.targets] if entry.url else entry.targets
        if not any(str(url).startswith(("s3://", "gs://")) for url in named):
            raise ValueError("storage_options go with addresses of s3:// or gs://")
    return entry


class Description(_Strict):
    """The whole file."""

    datasets: tuple[Annotated[Entry, AfterValidator(_whole)], ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Description:
        urls = [e.url for e in self.datasets if e.url]
        for url in urls:
            if urls.count(url) > 1:
                raise ValueError(f"{url} is named more than once")
        return self

    def entry_for(self, path: str) -> Entry | None:
        """The first entry whose pattern fits the path, or that names the address, if one does."""
        return next((e for e in self.datasets if e.fits(path)), None)

    def elsewhere(self) -> tuple[RemotePath, ...]:
        """The stores at addresses that are to be shown."""
        places = (e.place(Path(), e.url) for e in self.datasets if e.url and not e.leave_out)
        return tuple(p for p in places if isinstance(p, RemotePath))


def read_description(folder: Path) -> Description:
    """The description of the archive in ``folder``; an empty one when there is none.

    Raises
    ------
    BadRequest: naming the line or the field that cannot be understood.
    """
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > LARGEST:
            raise _unusable(f"it is larger than {LARGEST >> 20} MB")
        text = path.read_text(encoding="utf-8")
        if not text:
            # Somebody is about to write it; what it hid until now must stay hidden.
            raise _unusable("it is empty")
    except FileNotFoundError:
        return Description()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(f"it cannot be read ({error})") from error
    try:
        return Description.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise _unusable(f"{where}{getattr(error, 'problem', None) or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unusable(f"{where}: {first['msg']}") from error
    except RecursionError as error:
        raise _unusable("it is nested too deeply") from error


def _unusable(why: str) -> BadRequest:
    return BadRequest(
        f"{FILE_NAME} cannot be used: {why}.",
        advice='Mend it; "poama-panel inspect" on the folder says whether it is understood.',
    )


@lru_cache(1024)
def _pattern(text: str) -> re.Pattern[str]:
    """A glob as a regular expression: ``*`` and ``?`` within a folder, ``**`` through folders."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text.removeprefix("./"))
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts), re.DOTALL)
