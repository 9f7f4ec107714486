"""Makes every picture of the README, into docs/images: python docs/make_images.py

mlp_sigmoid_cross_entropy.png and tensor_graph.svg (both by test/test_network.py), training.gif, with the numbers in
training.json that these plots show; and backward.png. The last is a photograph of a page, and needs Chromium: pip
install -e ".[browser]".
"""

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image, ImageSequence, PngImagePlugin

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "test"))

import test_network as demo  # noqa: E402

from tensorgrad import MLP, Tensor, draw_backward  # noqa: E402
from tensorgrad.plots import COLORS, animate_training  # noqa: E402

STEPS, FRAMES = 300, 32


def trained():
    """The network of the demo after its training, the states it went through, and its losses."""
    X, labels = demo.moons()
    model = MLP(2, [16, 16, 1], activation="tanh", rng=0)
    states, losses = [model.state_dict()], []
    for loss, _ in demo.train(model, X, labels, steps=STEPS):
        losses.append(loss)
        states.append(model.state_dict())
    return model, X, labels, states, losses


def make_training(path, frames=FRAMES):
    """The boundary between the moons as it is learnt. More frames at the beginning, where more happens."""
    model, X, labels, states, losses = trained()
    at = np.unique(np.round(np.linspace(0, 1, frames) ** 2 * (STEPS - 1)).astype(int))
    animation = animate_training(model, [states[i] for i in at], losses, X, labels, at=at)
    animation.save(path, writer="pillow", dpi=80)
    with Image.open(path) as gif:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(gif)]
    swatches = [np.full((80, frames[0].width, 3), np.array(to_rgb(color)) * 255, np.uint8) for color in COLORS[:2]]
    colors = Image.fromarray(np.vstack([frames[0], frames[len(frames) // 2], frames[-1], *swatches]))
    palette = colors.quantize(32, dither=Image.Dither.NONE)  # one for all, without grain: a quarter of the size
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [120] * (len(frames) - 1) + [2000]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)


def numbers(model, losses):
    """What the plots show: the losses, and the logits on a grid of places."""
    x, y = np.meshgrid(np.linspace(-1.5, 2.5, 9), np.linspace(-1.0, 1.5, 6))
    return {"losses": losses, "logits": model(np.stack([x, y], axis=-1))[..., 0].tolist()}


def backward_page():
    """One number that is used twice, so that two paths meet."""
    a, b = Tensor(2.0, name="a"), Tensor(-3.0, name="b")
    c = a * b
    c.name = "c"
    L = (c + a) ** 2
    L.name = "L"
    return draw_backward(L, title="L = (a · b + a)²")


def fingerprint(page):
    """What the page is made of, but for where Graphviz put it: other versions put it elsewhere."""
    files = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tensorgrad" / "draw" / "web").iterdir())]
    return hashlib.sha256(json.dumps([page.title, page.data(), page.program(), files]).encode()).hexdigest()


def make_backward(path):
    """The page at its last step, photographed; what it was made of is written into the picture."""
    from playwright.sync_api import sync_playwright

    page = backward_page()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1000, "height": 700}, device_scale_factor=1.76)
        tab.goto(page.save(Path(folder) / "page.html").as_uri())
        tab.keyboard.press("End")
        tab.wait_for_timeout(500)
        tab.screenshot(path=path)
        browser.close()
    about = PngImagePlugin.PngInfo()
    about.add_text("made of", fingerprint(page))
    with Image.open(path) as picture:
        colours = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    colours.save(path, optimize=True, pnginfo=about)


def main():
    model, X, labels, _, losses = trained()
    rounded = json.loads(json.dumps(numbers(model, losses)), parse_float=lambda text: float(f"{float(text):.6g}"))
    (IMAGES / "training.json").write_text(json.dumps(rounded) + "\n")
    demo.draw_boundary(model, X, labels, IMAGES / "mlp_sigmoid_cross_entropy.png")
    demo.draw_loss(model, X, labels, IMAGES / "tensor_graph.svg")
    make_training(IMAGES / "training.gif")
    make_backward(IMAGES / "backward.png")


if __name__ == "__main__":
    main()
