"""The map in haste: what is on the canvas in the end, and in each frame of the display."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.ui.watch import Watch

pytestmark = pytest.mark.ui

# The map's figure and Bokeh's view of it.
PLOT = """
  const model = Bokeh.documents.flatMap((d) => [...d._all_models.values()])
    .find((m) => m.type === "Figure" && m.select_one("colour-mapper"))
  const plot = Bokeh.index.find_one(model)
"""


def _member_map(watch: Watch) -> None:
    watch.open()
    watch.page.get_by_label("Product", exact=True).select_option(label="Member")
    watch.wait_shown("/1/0")
    watch.page.locator(".pp-main").click(position={"x": 5, "y": 5})
    watch.settle()


def _image(watch: Watch) -> dict[str, Any]:
    """Title, address and pixels of what is shown."""
    page = watch.page
    words = [page.locator(f".{part}").inner_text() for part in ("title-when", "title-more")]
    return {"words": words, "shown": watch.shown(), **watch.pixels()}


def test_thirty_keys_in_haste_end_on_the_right_frame(watch: Watch) -> None:
    _member_map(watch)
    page = watch.page
    leads, members = ["1", "2", "3", "4", "5", "6"], [str(m) for m in range(13) if m != 6]
    dice = random.Random(11)
    keys = dice.choices(["ArrowRight", "ArrowLeft", "]", "["], weights=[3, 2, 3, 2], k=30)
    lead = member = 0
    for key in keys:
        lead += (key == "ArrowRight" and lead < 5) - (key == "ArrowLeft" and lead > 0)
        member += (key == "]" and member < 11) - (key == "[" and member > 0)
    # From within the page: nothing between two of them but what the page itself does.
    page.evaluate(
        """async (keys) => {
          for (const key of keys) {
            document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}))
            await new Promise((resolve) => setTimeout(resolve, 5))
          }
        }""",
        keys,
    )
    end = f"/{leads[lead]}/{members[member]}"
    watch.wait_shown(end)
    watch.settle()
    raced = _image(watch)
    assert raced["shown"].endswith(end)
    assert f"lead {leads[lead]} month" in raced["words"][0]
    assert f"member {members[member]} of 13" in raced["words"][1]
    assert page.locator(".problem").is_hidden()
    assert page.locator(".lead").input_value() == str(lead)

    # The same frame, come to at leisure.
    page.keyboard.press("ArrowRight" if lead < 5 else "ArrowLeft")
    page.locator(f'.pp-map:not([data-shown$="{end}"])').wait_for()
    watch.settle()
    assert watch.pixels()["hash"] != raced["hash"]
    page.keyboard.press("ArrowLeft" if lead < 5 else "ArrowRight")
    watch.wait_shown(end)
    watch.settle()
    assert _image(watch) == raced
    assert watch.errors == []


def test_a_step_changes_pixels_at_once_and_bokeh_paints_nothing(watch: Watch) -> None:
    _member_map(watch)
    seen = watch.page.evaluate(
        "async () => {"
        + PLOT
        + """
          let painted = 0
          plot.repainted.connect(() => painted++)
          const canvas = plot.canvas_view.underlays_el.querySelector("canvas")
          const pixels = () => new Uint32Array(
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)
          const before = pixels()
          document.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}))
          const after = pixels()
          await new Promise((resolve) => setTimeout(resolve, 300))
          return {painted, changed: after.filter((p, i) => p !== before[i]).length}
        }"""
    )
    assert seen["changed"] > 10_000
    assert seen["painted"] == 0
    assert watch.shown().endswith("/2/0")


def test_image_and_lines_never_show_different_views(watch: Watch) -> None:
    """Read after each frame of the display: where Bokeh's mark is, and what the image shows."""
    watch.open()
    page = watch.page
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.evaluate(
        "() => {"
        + PLOT
        + """
          const mark = model.renderers.find((r) => r.name === "place").data_source
          const keys = Object.keys(mark.data)
          mark.data = {[keys[0]]: [225], [keys[1]]: [0]}
          const image = plot.canvas_view.underlays_el.querySelector("canvas")
          window.seen = []
          const look = () => {
            const {width, height} = image
            const lines = plot.canvas_view.primary.ctx.getImageData(0, 0, width, height).data
            let [sum, count] = [0, 0]
            for (let i = 0; i < lines.length; i += 4) {
              // The mark's ring is #d1004b.
              if (lines[i] === 0xd1 && lines[i + 1] === 0 && lines[i + 2] === 0x4b) {
                sum += (i / 4) % width
                count++
              }
            }
            const row = Math.floor(plot.frame.bbox.top + plot.frame.bbox.height / 2)
            const pixels = image.getContext("2d").getImageData(0, row, width, 1).data
            const hash = new Uint32Array(pixels.buffer)
              .reduce((h, p) => (Math.imul(h, 31) + p) | 0, 7)
            window.seen.push([Math.round(sum / count), hash])
          }
          const channel = new MessageChannel()
          channel.port1.onmessage = look
          const turn = () => {
            channel.port2.postMessage(null)
            window.turn = requestAnimationFrame(turn)
          }
          turn()
        }"""
    )
    y = stage["y"] + 0.5 * stage["height"]
    page.mouse.move(stage["x"] + 700, y)
    page.mouse.down()
    for i in range(40):
        page.mouse.move(stage["x"] + 700 - 7 * i, y)
        page.wait_for_timeout(12)
    page.mouse.up()
    page.wait_for_timeout(200)
    seen = page.evaluate("cancelAnimationFrame(window.turn), window.seen")
    moved = [x for x, _ in seen]
    assert len(set(moved)) > 10
    # One view, one image; another view, another one: neither is a frame ahead of the other.
    pairs = {tuple(s) for s in seen}
    assert len(pairs) == len({x for x, _ in pairs}) == len({h for _, h in pairs}), seen
    assert watch.errors == []
