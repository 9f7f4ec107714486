"""A page of draw_backward in a headless browser."""


class Shown:
    """A page in the browser, and all that it complained about or asked the network for."""

    def __init__(self, browser, page, tmp_path, **options):
        path = page.save_html(tmp_path / "page.html")
        self.address = path.as_uri()
        self.tab = browser.new_page(**options)
        self.complaints = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.tab.on("request", lambda r: r.url != self.address and self.complaints.append(r.url))
        self.steps = page.steps

    def open(self, link=""):
        self.tab.goto("about:blank")
        self.tab.goto(self.address + link)
        return self

    @property
    def step(self):
        return self.tab.inner_text("#count")

    def at_end(self):
        return self.step == f"step {len(self.steps)} of {len(self.steps)}"

    def text(self):
        return self.tab.inner_text("#panel")

    def card(self, name):
        label = name.replace("\\", "\\\\").replace('"', '\\"')
        return self.tab.locator(f'#graph .node[aria-label^="{label}, shape"]')

    def tip(self):
        return self.tab.locator("#tip pre").all_text_contents()

    def words(self, name):
        """The texts on the card of a value, below its name and shape."""
        return self.card(name).evaluate(
            "card => [...card.querySelectorAll('text')].slice(3).map(t => t.textContent.trim())"
        )

    def put(self, name, *numbers):
        """Change a leaf: its numbers, in C order."""
        self.tab.evaluate(
            """([name, numbers]) => {
              const value = model.values.findIndex(v => v.name === name);
              numbers.forEach((x, i) => model.set(value, i, Number(x)));
            }""",
            [name, [repr(float(x)).replace("nan", "NaN").replace("inf", "Infinity") for x in numbers]],
        )
