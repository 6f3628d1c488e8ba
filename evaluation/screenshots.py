"""Takes pictures of the pages: python -m evaluation.screenshots [FOLDER] (needs playwright, Pillow and a Chromium).

With a folder, of every page at each width in each scheme, as long as it is; without, those under docs/screenshots, as a
window shows them. The pages show what `policywatch demo` stores. With `--linkedin REPOSITORY`, a repository of Open Terms
Archive with LinkedIn's history, the picture of README.md.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from policywatch.web.app import create_app  # noqa: E402
from storage.changes import changes_of  # noqa: E402
from storage.database import Database  # noqa: E402
from tests.web_server import served  # noqa: E402

POLICY = "confrera/privacy-policy"
DOCUMENT = f"/documents/{POLICY}"
PAGES = {
    "home": "/",
    "changes": "/changes?topic=ai_training",
    "change": "/changes/{change}",
    "side": "/changes/{change}?view=side",
    "services": "/services",
    "today": "/services/confrera/today",
    "side-by-side": "/today?services=confrera",
    "whole": f"{DOCUMENT}/compare?from=1&view=whole",
    "document": DOCUMENT,
    "version": f"{DOCUMENT}/versions/2",
    "compare": f"{DOCUMENT}/compare?from=1&to=2",
    "upcoming": "/upcoming",
    "search": "/search?q=%22personal+data%22",
    "health": "/health",
}
WIDTHS = (360, 1280)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
KEPT = {  # under docs/screenshots, with the height of the window
    "home-1280-light": 900,
    "change-1280-light": 1700,
    "side-1280-light": 1300,
    "version-1280-dark": 900,
    "change-360-dark": 1400,
}
COLOURS = 128


def main(folder: Path, wanted: dict[str, int] | None = None) -> None:
    """Take the pictures that are wanted; None means all."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        played = [
            sys.executable,
            "-m",
            "policywatch",
            "demo",
            "--folder",
            f"{store}/demo",
        ]
        subprocess.run(played, check=True, capture_output=True, cwd=ROOT)
        database = Database(f"sqlite:///{store}/demo/policywatch.db")
        with database.reading() as session:
            change = changes_of(session, POLICY)[0].id
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        with served(create_app(database)) as home:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    paths = {
                        name: path.format(change=change)
                        for name, path in PAGES.items()
                    }
                    take(browser, home, paths, folder, width, scheme, wanted)
        browser.close()
        database.close()


def linkedin(repository: str) -> None:
    """The newest change of the privacy policy that alerts, down to its first passage."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        config = Path(folder) / "policywatch.toml"
        config.write_text(
            'use = ["linkedin"]\ncontact = "a@example.org"\n', "utf-8"
        )
        words = (
            "import",
            "open-terms-archive",
            repository,
            "--config",
            str(config),
        )
        subprocess.run([sys.executable, "-m", "policywatch", *words], check=True)
        database = Database(f"sqlite:///{folder}/policywatch.db")
        with database.reading() as session:
            changes = changes_of(session, "linkedin/privacy-policy")
            change = next(each.id for each in changes if each.alert)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        with served(create_app(database)) as home:
            page = browser.new_page(
                viewport={"width": 880, "height": 1262}, locale="en-GB"
            )
            page.goto(f"{home}/changes/{change}")
            saved(page.screenshot(), ROOT / "docs" / "screenshots" / "linkedin.png")
        browser.close()
        database.close()


def take(
    browser: Browser,
    home: str,
    paths: Mapping[str, str],
    folder: Path,
    width: int,
    scheme: Scheme,
    wanted: Mapping[str, int] | None,
) -> None:
    """The pages at one width in one scheme."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale="en-GB",
    )
    page = context.new_page()
    for name, path in paths.items():
        picture = f"{name}-{width}-{scheme}"
        if wanted is None or picture in wanted:
            if wanted is not None:
                page.set_viewport_size({"width": width, "height": wanted[picture]})
            page.goto(home + path)
            taken = page.screenshot(full_page=wanted is None)
            saved(taken, folder / f"{picture}.png")
    context.close()


def saved(taken: bytes, file: Path) -> None:
    """In few colours, which makes it small."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--linkedin"]:
        linkedin(sys.argv[2])
    elif len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        main(ROOT / "docs" / "screenshots", KEPT)
