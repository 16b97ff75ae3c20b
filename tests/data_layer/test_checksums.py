"""Files whose makers say what their checksums are."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from data_layer import opening
from data_layer.checksums import Promises, check_promise, is_manifest, promises
from data_layer.errors import UnreadableFile
from data_layer.indexfile import IndexFile
from data_layer.opening import scan
from data_layer.walking import Changes, fingerprint

NAMES = ["a.nc", "sub/b c.nc", "odd\nname.nc", "back\\slash.nc", "ümlaut.nc"]


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode() * 1000)
    return tmp_path


def written_by(program: str, folder: Path, *options: str, prefix: str = "") -> str:
    names = [prefix + name for name in NAMES]
    done = subprocess.run([program, *options, *names], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize(
    "name",
    ["SHA256SUMS", "sha256sum.txt", "SHA256SUMS.txt", "MD5SUMS", "md5sums", "x.nc.md5", "y.sha512"],
)
def test_names_of_manifests(name):
    assert is_manifest(name)


@pytest.mark.parametrize("name", ["x.nc", "README.txt", "md5", "sha256.nc", "SHA256SUMS.asc"])
def test_names_of_other_files(name):
    assert not is_manifest(name)


@pytest.mark.parametrize("options", [(), ("--binary",), ("--tag",)])
@pytest.mark.parametrize("program", ["md5sum", "sha1sum", "sha256sum", "sha512sum"])
def test_what_the_programs_write_is_understood(folder, program, options):
    manifest = folder / (program[:-3].upper() + "SUMS")
    manifest.write_text(written_by(program, folder, *options), encoding="utf-8")
    said = promises(manifest)
    assert set(said) == set(NAMES)
    for name, promised in said.items():
        check_promise(folder / name, promised)
        other = next(n for n in NAMES if n != name)
        with pytest.raises(UnreadableFile, match="damaged, or the list of checksums"):
            check_promise(folder / other, promised)


def test_names_are_relative_to_the_manifests_folder_and_do_not_lead_out(folder):
    digest = sha256(b"")[7:]
    (folder / "SHA256SUMS").write_text(
        f"{digest}  ./a.nc\n{digest}  sub/../c.nc\n{digest}  ../out.nc\n{digest}  /etc/passwd\n"
        f"{digest}  ..hidden.nc\n"
    )
    assert set(promises(folder / "SHA256SUMS")) == {"a.nc", "c.nc", "..hidden.nc"}


def test_what_cannot_be_understood_is_passed_over_and_logged(folder, caplog):
    good = sha256(b"")[7:]
    lines = ["# comment", "", "no checksum", f"{good[:40]}  short.nc", f"{good}  a.nc", "\0\xff"]
    (folder / "SHA256SUMS").write_text("\r\n".join(lines), encoding="latin-1")
    assert set(promises(folder / "SHA256SUMS")) == {"a.nc"}
    assert "3 lines are no checksums" in caplog.text


def test_a_manifest_is_read_again_when_it_changed(folder):
    manifest = folder / "SHA256SUMS"
    for content in (b"1", b"2"):
        manifest.write_text(f"{sha256(content)[7:]}  a.nc\n")
        os.utime(manifest, ns=(1, int(content)))
        assert promises(manifest) == {"a.nc": sha256(content)}
    manifest.unlink()
    assert promises(manifest) == {}


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="cannot be read"):
        check_promise(tmp_path / "gone.nc", sha256(b""))


def entered(root: Path) -> Promises:
    found = Promises()
    for place, _, names in os.walk(root):
        within = os.path.relpath(place, root).removeprefix(".")
        found.enter(within, [Path(place, name) for name in names if is_manifest(name)])
    return found


def test_manifests_above_count_and_the_nearest_most(folder):
    (folder / "SHA256SUMS").write_text(
        f"{sha256(b'above')[7:]}  sub/b.nc\n{sha256(b'above')[7:]}  sub/c.nc\n"
    )
    (folder / "sub" / "SHA256SUMS").write_text(f"{sha256(b'near')[7:]}  b.nc\n")
    found = entered(folder)
    assert found.of("sub/b.nc") == sha256(b"near")
    assert found.of("sub/c.nc") == sha256(b"above")
    assert [found.of(path) for path in ("b.nc", "c.nc", "sub/d.nc", "bub/c.nc")] == [""] * 4


def test_the_strongest_of_several_counts(folder):
    (folder / "SHA256SUMS").write_text(f"{sha256(b'')[7:]}  a.nc\n")
    (folder / "a.nc.md5").write_text(f"{hashlib.md5(b'').hexdigest()}  a.nc\n")
    assert entered(folder).of("a.nc") == sha256(b"")


# In an archive


@pytest.fixture
def archive(forecast, write, tmp_path) -> Path:
    for n in range(3):
        write(forecast(inits=(f"2026-{10 + n}-01",), plus=1e6 * n), f"run/tas_{n}.nc")
    return tmp_path


def write_manifest(archive: Path) -> None:
    done = subprocess.run(
        ["sha256sum", *(f"run/tas_{n}.nc" for n in range(3))], cwd=archive, capture_output=True
    )
    (archive / "SHA256SUMS").write_bytes(done.stdout)


def test_a_file_that_differs_from_its_checksum_is_refused_and_the_others_are_shown(archive):
    write_manifest(archive)
    path = archive / "run" / "tas_1.nc"
    data = bytearray(path.read_bytes())
    value = data.index(np.float32(1e6 + 13).tobytes())
    data[value] ^= 1  # in a value that is not compressed: the library reads it gladly
    path.write_bytes(data)
    index = scan(archive)
    assert index.dataset("tas").info.inits == ("2026-10-01", "2026-12-01")
    (refused,) = index.refused
    assert refused.path == "run/tas_1.nc"
    assert refused.reason.startswith("its SHA256 checksum is ")


def test_a_manifest_that_changes_has_its_files_looked_at_again_and_no_others(archive, monkeypatch):
    looked_at: list[str] = []
    check = opening.check_promise

    def counted(path: Path, promised: str) -> None:
        looked_at.append(path.name)
        check(path, promised)

    monkeypatch.setattr(opening, "check_promise", counted)
    changes = Changes(archive)
    assert changes.look()
    first = scan(archive)
    assert looked_at == []
    write_manifest(archive)
    assert changes.look()
    second = scan(archive, first)
    assert sorted(looked_at) == ["tas_0.nc", "tas_1.nc", "tas_2.nc"]
    assert scan(archive, second) == second
    assert len(looked_at) == 3
    manifest = archive / "SHA256SUMS"
    lines = manifest.read_text().splitlines()
    lines[1] = "0" * 64 + lines[1][64:]
    manifest.write_text("\n".join(lines))
    assert changes.look()
    third = scan(archive, second)
    assert looked_at[3:] == ["tas_1.nc"]
    assert [r.path for r in third.refused] == ["run/tas_1.nc"]
    assert third.fingerprint == fingerprint(archive)
    write_manifest(archive)
    assert scan(archive, third).refused == ()


def test_what_was_promised_is_kept_for_the_next_start(archive, tmp_path_factory):
    write_manifest(archive)
    kept = IndexFile(tmp_path_factory.mktemp("kept"), archive)
    index = scan(archive, kept=kept)
    assert all(f.stat.promised for d in index.datasets for f in d.files)
    assert {f.stat for f in kept.load()} == set(index.known())


def test_a_manifest_outside_of_the_archive_is_not_read(archive, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "SHA256SUMS"
    outside.write_text(f"{'0' * 64}  run/tas_0.nc\n")
    (archive / "SHA256SUMS").symlink_to(outside)
    assert scan(archive).refused == ()
