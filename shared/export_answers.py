"""Answering a request with an export."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from shared.columns import utc_now
from shared.exports import MEDIA_TYPES, Exported, Format, csv_text, json_lines, write_workbook

FILE: dict[str, Any] = {
    "description": "The file.",
    "content": {
        media_type.partition(";")[0]: {
            "schema": {"type": "string", **({"format": "binary"} if form == Format.XLSX else {})}
        }
        for form, media_type in MEDIA_TYPES.items()
    },
}
"""How an API describes the answer."""


def as_file(exported: Exported, form: Format, name: str) -> Response:
    """Return the export as a download; its file is called by ``name`` and today's date."""
    file_name = f"{name}-{utc_now():%Y-%m-%d}.{form}"
    if form is Format.XLSX:
        return _workbook(exported, file_name)
    text = csv_text(exported) if form is Format.CSV else json_lines(exported)
    return StreamingResponse(
        text,
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def _workbook(exported: Exported, name: str) -> Response:
    folder = TemporaryDirectory(prefix="southlink-export-")
    path = Path(folder.name) / name
    try:
        write_workbook(exported, path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[Format.XLSX],
        filename=name,
        background=BackgroundTask(folder.cleanup),
    )
