"""How long the pages of draw_backward take: to be made, to be laid out by Graphviz, to open in Chromium, and to step.

    python benchmarks/pages.py                a minute
    python benchmarks/pages.py --rounds 9

Needs the packages graphviz, graphviz-pure and playwright, and Chromium. Making is all that Python does but for the
layout. A page is open when its first step is shown. The time of a step is that of the page's own code with the layout
of what it changed, which is what a frame of 16 ms has to hold; the median and the longest of all steps of the walk.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

import tensorgrad as tg
from tensorgrad import nn


def leaf_used_often(n):
    w = tg.Tensor(1.01, name="w")
    y = tg.Tensor(1.0, name="start")
    for _ in range(n // 2):
        y = np.tanh(y * w)
    return y, None


def recurrent(steps):
    cell = nn.RNNCell(3, 4, rng=0)
    h, xs = np.zeros((2, 4)), np.random.default_rng(0).normal(size=(steps, 2, 3))
    for x in xs:
        h = cell(x, h)
    return (h**2).mean(), cell


def transformer():
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, rng=0), 2)
    return (model(np.random.default_rng(0).normal(size=(2, 5, 8))) ** 2).mean(), model


GRAPHS = {
    "a leaf used by 150 of 300 operations": lambda: leaf_used_often(300),
    "a recurrent network of 24 steps": lambda: recurrent(24),
    "two layers of a transformer": transformer,
    "a chain of 3,000 operations, folded": lambda: leaf_used_often(3000),
}

STEPS = """async () => {
  const times = [];
  for (let i = 1; i < model.steps.length; i++) {
    const begin = performance.now();
    document.getElementById("next").click();
    document.body.getBoundingClientRect();
    times.push(performance.now() - begin);
  }
  return times;
}"""


def measured(make, browser, folder):
    root, model = make()
    begin = time.perf_counter()
    page = tg.draw_backward(root, model=model)
    made = time.perf_counter() - begin
    begin = time.perf_counter()
    path = page.save(folder / "page.html")
    laid_out = time.perf_counter() - begin
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    begin = time.perf_counter()
    tab.goto(path.as_uri())
    tab.wait_for_function("document.getElementById('count').textContent !== ''")
    opened = time.perf_counter() - begin
    times = tab.evaluate(STEPS)
    tab.close()
    return made, laid_out, opened, statistics.median(times), max(times), len(page.steps), path.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    print("| graph | steps | MB | made s | laid out and written s | opens s | a step ms | the longest ms |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, make in GRAPHS.items():
            rows = [measured(make, browser, Path(folder)) for _ in range(rounds)]
            made, laid_out, opened, step, longest, steps, size = map(statistics.median, zip(*rows, strict=True))
            print(
                f"| {name} | {steps:.0f} | {size / 1e6:.2f} | {made:.2f} | {laid_out:.2f} | {opened:.2f} "
                f"| {step:.1f} | {longest:.1f} |"
            )
        browser.close()


if __name__ == "__main__":
    main()
