"""Logs into the store: each file wholly or not at all, each call once, each unreadable line with its place."""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from audit.ingest import archive, batch, content, fields, prompts
from audit.ingest.batch import Small, Waiting
from audit.ingest.enter import KnownError, Step
from audit.ingest.growth import rest_of
from audit.ingest.layout import content_bytes, head, sniff
from audit.ingest.link import link
from audit.ingest.reading import Reading
from audit.ingest.receipt import Receipt
from audit.ingest.recognise import EMPTY, Recognition, recognise
from audit.ingest.registry import Place, Registry, Stamp, stamp_of
from audit.records import AuditError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from audit.engine.duckdb import Engine
    from audit.formatbook import Format
    from audit.ingest.content import Content
    from audit.ingest.growth import Rest
    from audit.ingest.layout import Layout
    from audit.ingest.objects import Object
    from audit.ingest.registry import Entry, Known

# What stands for a format where a file is only a wrapping of others.
ARCHIVE = "archive"
# The engine takes a path for a pattern: any other than a plain one is read through a link with a plain name.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+@=-]*")


@dataclass
class _Ingest:
    """One ingest on its way: small files wait until there are enough of them to be read together."""

    engine: Engine
    formats: Mapping[str, Format]
    work: Path
    keep_prompts: bool
    told: Callable[[Receipt], None]
    begins: Callable[[int, Callable[[], float]], None]
    registry: Registry
    receipts: list[Receipt] = field(default_factory=list)
    _waiting: Waiting = field(default_factory=Waiting)

    def take(self, place: Path | Object) -> None:
        """Read a file, or lay it by to be read with others. One that cannot be read must not keep the others out."""
        if isinstance(place, Path):
            with self._named(place):
                self._take_file(place)
        else:
            with self._named(place.url):
                self._take_object(place)

    @contextmanager
    def _named(self, place: Place) -> Iterator[None]:
        try:
            yield
        except AuditError as error:
            self._done(Receipt(place, None, 0, 0, str(error)))
        except OSError as error:
            self._done(Receipt(place, None, 0, 0, f"{place}: cannot be read: {error.strerror or error}"))

    def finish(self) -> list[Receipt]:
        """Read what is still waiting; returns what became of each file."""
        self._all_together()
        self.registry.flush()
        return self.receipts

    def _take_file(self, path: Path) -> None:
        if not path.is_file():
            raise AuditError(f"{path}: no file, or none any more")
        before = path.stat()
        # A place that looks as it did when it was read is not opened.
        if self._as_it_was(path, stamp_of(before), before.st_size):
            return
        if archive.is_zip(path):
            self._take_archive(path, stamp_of(before))
        else:
            self._take(path, path, stamp_of(before))

    def _take_object(self, place: Object) -> None:
        if self._as_it_was(place.url, place.stamp, place.bytes):
            return
        copy = self.work / "object"
        place.fetch(copy)
        if archive.is_zip(copy):
            self._take_archive(place.url, place.stamp, copy)
        else:
            self._take(place.url, copy, place.stamp)

    def _take_archive(self, name: Place, stamp: Stamp, at: Path | None = None) -> None:
        """Read the files of an archive; it counts as read once each of them does."""
        at = at if at is not None else Path(name)
        all_read = True
        for inner, member in archive.members(at, self.work):
            told = len(self.receipts)
            with self._named(f"{name}!{inner}"):
                self._take(f"{name}!{inner}", member, None)
            all_read = all_read and not any(receipt.unread for receipt in self.receipts[told:])
        if all_read:
            now = content.examine(at, "plain", at.stat().st_size)
            self.registry.note(name, stamp, now, ARCHIVE)

    def _as_it_was(self, name: Place, stamp: Stamp, size: int) -> bool:
        known = self.registry.at(name, stamp)
        if known is not None:
            self._done(Receipt(name, known.format, 0, 0, "already read", known=True, bytes=size))
        return known is not None

    def _take(self, name: Place, at: Path, stamp: Stamp | None) -> None:
        """Read the file that lies ``at`` a place under its name; without a stamp the place is not kept in mind."""
        layout = sniff(at)
        before = at.stat()
        start = b"" if layout.container == "parquet" else head(at, layout.packing, content.HEAD_BYTES)
        found = _Found(name, at, before, stamp, layout, content.head_digest(start))
        known_as = self.registry.beginnings(name, stamp, found.head)
        lengths = {known.bytes for known in known_as}
        small = before.st_size <= batch.FILE_BYTES and layout.packing == "plain"
        size = content_bytes(at, layout.packing)
        if not (small and at is name) and size in self._waiting.sizes:
            self._all_together()  # one of them may be what this file holds, too
        if small or known_as or self.registry.may_know(size):
            now = content.examine(at, layout.packing, before.st_size, lengths)
            if not self._is_known(found, now):
                self._read(found, known_as, now, small=small)
            return
        # Nothing of this length was read before: the engine may begin while the digest is still made.
        with ThreadPoolExecutor(1) as beside:
            digest = beside.submit(content.examine, at, layout.packing, before.st_size)
            self._alone(found, *self._recognised(found), digest.result, None)

    def _is_known(self, found: _Found, now: Content) -> bool:
        known = self.registry.of(now)
        if known is None:
            return False
        self.registry.known_again(found.name, known, found.stamp)
        size = found.before.st_size
        self._done(Receipt(found.name, known.format, 0, 0, "already read", known=True, bytes=size))
        return True

    def _read(self, found: _Found, known_as: list[Known], now: Content, *, small: bool) -> None:
        recognition, readable = self._recognised(found)
        form = recognition.format
        rewritten = self.registry.was_at(found.name) is not None
        rest = rest_of(found.layout, form, known_as, now) if form is not None else None
        together = small and found.at is found.name and found.layout.clean
        if form is not None and together and (not rewritten if rest is None else rest.mark.line_end):
            self._lay_by(found, recognition, form, now, rest)
            return
        self._alone(found, recognition, readable, partial(_itself, now), rest, rewritten=rewritten and rest is None)

    def _recognised(self, found: _Found) -> tuple[Recognition, Path]:
        readable = self._plainly_named(found.at)
        return recognise(readable, found.layout, self.formats, self.engine), readable

    def _lay_by(self, found: _Found, recognition: Recognition, form: Format, now: Content, rest: Rest | None) -> None:
        if now.sha256 in self._waiting.digests:
            self._all_together()
            self._take(found.name, found.at, found.stamp)
            return
        at = found.at
        if rest is not None:
            at = self.work / f"rest{len(self._waiting.digests)}"
            content.copy_rest(found.at, found.layout, rest.mark.line_end, now.bytes, at)
        small = Small(
            found.at,
            at,
            found.before,
            found.head,
            now,
            recognition.reason,
            form,
            found.layout,
            recognition.columns,
            rest,
        )
        self._waiting.add(small)
        if self._waiting.enough:
            self._all_together()

    def _all_together(self) -> None:
        for small in self._waiting.taken():
            self._together(small)

    def _together(self, files: list[Small]) -> None:
        alone = files
        if len(files) > 1:
            entries, alone = batch.read_together(
                self.engine, self.registry, files, self.work, keep_prompts=self.keep_prompts
            )
            states: dict[Place, os.stat_result] = {one.path: one.before for one in files}
            for entry in entries:
                self._entered(entry, states[entry.path], stamp_of(states[entry.path]))
        for one in alone:
            with self._named(one.path):
                found = _Found(one.path, one.path, one.before, stamp_of(one.before), one.layout, one.head)
                recognition = Recognition(one.format, one.reason, one.columns)
                readable, digest = self._plainly_named(one.path), partial(_itself, one.content)
                self._alone(found, recognition, readable, digest, one.rest, copy=one.at if one.rest else None)

    def _alone(
        self,
        found: _Found,
        recognition: Recognition,
        readable: Path,
        digest: Callable[[], Content],
        rest: Rest | None,
        *,
        rewritten: bool = False,
        copy: Path | None = None,
    ) -> None:
        """Read a file by itself; of one that has grown, its rest from a ``copy`` if that is made already."""
        form, layout = recognition.format, found.layout
        original = None
        if form is not None:
            if rest is not None and rest.mark.line_end:
                if copy is None:
                    copy = self.work / "rest"
                    content.copy_rest(readable, layout, rest.mark.line_end, digest().bytes, copy)
                readable, layout = copy, replace(layout, packing="plain")
            original = Reading(form, readable, layout, recognition.columns, keep_prompts=self.keep_prompts)
        elif recognition.reason != EMPTY:
            self._done(Receipt(found.name, None, 0, 0, recognition.reason, bytes=found.before.st_size))
            return
        self.begins(found.before.st_size, self.engine.progress)
        step = Step(
            self.engine, self.registry, found.name, found.at, found.before, found.head, digest, recognition.reason,
            original, self.work, rest,
        )  # fmt: skip
        try:
            entry = step.entered()
        except KnownError:
            self._is_known(found, digest())
            return
        self._entered(entry, found.before, found.stamp, rewritten=rewritten)

    def _entered(self, entry: Entry, before: os.stat_result, stamp: Stamp | None, *, rewritten: bool = False) -> None:
        if stamp is not None:
            self.registry.note_place(entry.path, stamp, entry.file_id)
        receipt = Receipt(
            entry.path,
            entry.format,
            entry.calls,
            entry.rejected - entry.waiting,
            entry.reason,
            rewritten=rewritten,
            bytes=before.st_size,
            kind=entry.table,
        )
        self._done(receipt)

    def _done(self, receipt: Receipt) -> None:
        if receipt.unread:
            self.registry.unread(receipt.path, receipt.reason)
        self.told(receipt)
        self.receipts.append(receipt)

    def _plainly_named(self, path: Path) -> Path:
        if _PLAIN_PATH.fullmatch(str(path)):
            return path
        link = self.work / "log"
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        return link


def _itself(now: Content) -> Content:
    return now


@dataclass(frozen=True, slots=True)
class _Found:
    """A file as it was found: its name, where its bytes lie, their state and layout, its beginning's digest."""

    name: Place
    at: Path
    before: os.stat_result
    stamp: Stamp | None
    layout: Layout
    head: str | None


def ingest(
    engine: Engine,
    files: Iterable[Path | Object],
    formats: Mapping[str, Format],
    *,
    keep_prompts: bool = False,
    told: Callable[[Receipt], None] = lambda _: None,
    begins: Callable[[int, Callable[[], float]], None] = lambda *_: None,
) -> list[Receipt]:
    """Read files into the store, each wholly or not at all.

    ``told`` hears of each as it is done, ``begins`` of each that is read by itself: its bytes, and how far it is.
    """
    fields.install(engine)
    prompts.install(engine)
    with tempfile.TemporaryDirectory(prefix="audit-") as work:
        registry = Registry(engine)
        registry.forget_half_read()
        registry.forget_vanished()
        here = _Ingest(engine, formats, Path(work), keep_prompts, told, begins, registry)
        wanted = list(files)
        for path in wanted:
            here.take(path)
        receipts = here.finish()
        link(engine)
        order = {place if isinstance(place, Path) else place.url: number for number, place in enumerate(wanted)}
        return sorted(receipts, key=lambda receipt: order.get(receipt.path, len(order)))
