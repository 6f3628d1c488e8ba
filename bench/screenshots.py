"""Takes pictures of the pages: python bench/screenshots.py [FOLDER] (needs playwright and a Chromium).

With a folder, of every page at each width in each scheme; without, those under docs/screenshots.
The pages show the story of tests/story_of_parley.py.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from policywatch.web.app import create_app  # noqa: E402
from storage.database import Database  # noqa: E402
from tests.story_of_parley import tell  # noqa: E402
from tests.web_server import served  # noqa: E402

PAGES = {
    "changes": "/",
    "change": "/changes/3",
    "services": "/services",
    "document": "/documents/parley/privacy-policy",
    "version": "/documents/parley/privacy-policy/versions/2",
    "health": "/health",
}
WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")
KEPT = {"changes-1280-light", "change-1280-light", "change-360-dark"}  # under docs/screenshots


def main(folder: Path, wanted: set[str] | None = None) -> None:
    """Take the pictures that are wanted; None means all."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as store, sync_playwright() as playwright:
        database = Database(f"sqlite:///{store}/story.db")
        tell(database)
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        with served(create_app(database)) as home:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    context = browser.new_context(
                        viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB"
                    )
                    page = context.new_page()
                    for name, path in PAGES.items():
                        picture = f"{name}-{width}-{scheme}"
                        if wanted is None or picture in wanted:
                            page.goto(home + path)
                            page.screenshot(path=folder / f"{picture}.png", full_page=True)
                    context.close()
        browser.close()
        database.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        main(ROOT / "docs" / "screenshots", KEPT)
