"""Keys that a person presses in quick succession."""

from playwright.sync_api import Page

PRESS = """
async (keys) => {
    for (const key of keys) {
        const pressed = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(pressed);
        for (let turn = 0; turn < 10; turn += 1) await null; // Vue moves the focus meanwhile
    }
}
"""


def press_quickly(page: Page, *keys: str) -> None:
    """Press them one after the other before any timer of the page fires, however slow the machine is."""
    page.evaluate(PRESS, keys)
