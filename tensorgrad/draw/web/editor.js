// The editor: the numbers of a leaf as fields, with a slider for the one that is chosen.

const editor = (() => {
  const MOST = 64; // fields; of a larger array the number that is chosen in its map
  const root = element("section", { id: "editor", "aria-label": "Change numbers", hidden: true });
  let value = null, chosen = 0; // the leaf, and which of its numbers
  let fields = []; // those of this leaf

  // Which leaves -----------------------------------------------------------------------------------------------------

  const isBool = ({ dtype }) => dtype === "bool";
  /** Why a leaf can't be changed; empty if it can. */
  function whyFixed({ name, dtype, data }) {
    if (/int/.test(dtype)) return `${name} holds whole numbers. Whole numbers, such as labels and indices, stay as they were.`;
    if (data.blocks) return `${name} is too large for its numbers to be on this page.`;
    return data.data.length ? "" : `${name} is empty.`;
  }
  /** Those that can be changed, those with a gradient first. */
  const leaves = () => {
    const all = [...model.values.keys()].filter(i => model.values[i].leaf && !whyFixed(model.values[i]));
    return [...all.filter(i => model.values[i].grad), ...all.filter(i => !model.values[i].grad)];
  };

  // Fields, and the slider -------------------------------------------------------------------------------------------

  const numberAt = (leaf, i) => model.values[leaf].data.data[i];
  const written = x => Number.isFinite(x) ? String(Number(x.toPrecision(6))).replace(/^-/, "−") : formatNumber(x);
  const problem = element("p", { class: "problem", role: "alert" });

  /** A field for a number of a leaf: {input, show(): the number of the model}. */
  function fieldOf(leaf, i) {
    const { name, shape } = model.values[leaf], label = nameOfElement(name, i, shape), focus = () => choose(i);
    const field = isBool(model.values[leaf]) ? switchOf(leaf, i, { "aria-label": label, focus }) : textOf(leaf, i, { "aria-label": label, focus });
    Object.assign(field.input.dataset, { i });
    field.show();
    return field;
  }
  function textOf(leaf, i, attributes) {
    const mark = words => {
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      problem.textContent = words;
    };
    const input = element("input", {
      type: "text", autocomplete: "off", spellcheck: "false", ...attributes,
      input: () => {
        const x = labels.read(input.value);
        mark(Number.isNaN(x) ? "This is no number: it stays as it was." : Number.isFinite(x) ? "" : "This is too large: the number stays as it was.");
        if (Number.isFinite(x)) { model.set(leaf, i, x); slide(); }
      },
      blur: () => { mark(""); show(); },
    });
    const show = () => {
      input.value = written(numberAt(leaf, i));
      input.removeAttribute("aria-invalid");
    };
    return { input, show };
  }
  function switchOf(leaf, i, attributes) {
    const input = element("input", { type: "checkbox", ...attributes, change: () => model.set(leaf, i, +input.checked) });
    return { input, show: () => { input.checked = numberAt(leaf, i) !== 0; } };
  }

  const sliderBox = element("div", { class: "slider" });
  function choose(i) {
    if (chosen === i) return;
    chosen = i;
    slide();
  }
  /** The slider of the chosen number, with a range around it that stays while it is moved. */
  function slide() {
    const leaf = value, i = chosen, x = numberAt(leaf, i), { name, shape } = model.values[leaf];
    for (const { input } of fields) input.classList.toggle("chosen", +input.dataset.i === i);
    if (isBool(model.values[leaf])) return sliderBox.replaceChildren();
    const most = Math.abs(x) <= 3 || !Number.isFinite(x) ? 3 : Math.min(Number((2 * Math.abs(x)).toPrecision(2)), Number.MAX_VALUE / 4);
    const label = nameOfElement(name, i, shape);
    const slider = element("input", {
      type: "range", min: -most, max: most, step: most / 300, "aria-label": `Slider of ${label}`,
      input: () => model.set(leaf, i, Number(slider.valueAsNumber.toPrecision(6))),
    });
    slider.value = Number.isFinite(x) ? x : 0;
    sliderBox.replaceChildren(fields.length > 1 ? element("span", { class: "of" }, label) : "",
      element("span", {}, formatNumber(-most)), slider, element("span", {}, formatNumber(most)));
  }

  // The whole --------------------------------------------------------------------------------------------------------

  const note = (...words) => element("p", { class: "note" }, ...words);
  function head(title) {
    return element("div", { class: "head" }, title,
      element("button", { class: "quiet", "aria-label": "Close the editor", click: () => close(true) }, "Close"));
  }
  function whyNot(words) {
    value = null;
    fields = [];
    root.replaceChildren(head(element("h3", {}, "Change numbers")), note(words));
  }
  const fieldsBox = element("div", { class: "fields" });
  function fill(list) {
    fields = list;
    fieldsBox.replaceChildren(...list.map(field => field.input));
    slide();
  }
  /** The map of a large leaf, in which the number is chosen. */
  function mapOf() {
    const { data, name } = model.values[value];
    return heatmap.map(data, name, { at: chosen, onPick: i => { chosen = i; fill([fieldOf(value, i)]); } });
  }
  function build() {
    const { data, shape } = model.values[value], isMap = data.data.length > MOST;
    const choice = element("select", { "aria-label": "Which leaf", change: event => { open(+event.target.value); root.querySelector("select").focus(); } },
      leaves().map(i => element("option", { value: i, selected: i === value }, `${model.values[i].name}  ${shapeText(model.values[i].shape)}`)));
    const columns = isMap || shape.length < 2 ? "auto-fill" : shape.at(-1);
    fieldsBox.style.gridTemplateColumns = `repeat(${columns}, minmax(4.8rem, 7rem))`;
    root.classList.toggle("one", isMap || data.data.length === 1);
    problem.textContent = "";
    root.replaceChildren(head(choice), ...(isMap ? [mapOf()] : []), fieldsBox, sliderBox, problem);
    fill(isMap ? [fieldOf(value, chosen)] : Array.from(data.data, (_, i) => fieldOf(value, i)));
  }

  /** Open the editor, with this leaf or the first; of what is no leaf it says where it comes from. */
  function open(which = value ?? leaves()[0]) {
    root.hidden = false;
    if (!model.editable) return whyNot(`The numbers can't be changed on this page: ${model.reason}.`);
    if (which === undefined) return whyNot("There is no leaf here whose numbers could be changed.");
    const { name, leaf } = model.values[which];
    if (!leaf) {
      const maker = model.operations.find(o => o.outputs.includes(which));
      const from = maker ? `, by ${maker.label} from ${maker.inputs.map(i => model.values[i].name).join(" and ")}` : "";
      return whyNot(`${name} is computed${from}. Change a leaf, and it follows.`);
    }
    const why = whyFixed(model.values[which]);
    if (why) return whyNot(why);
    if (which !== value) chosen = 0;
    value = which;
    build();
  }
  /** The numbers of the model have changed: all but what is being typed, or moved, follows. */
  function follow() {
    if (value === null || root.hidden) return;
    for (const { input, show } of fields) if (input !== document.activeElement) show();
    if (!sliderBox.contains(document.activeElement)) slide();
    root.querySelector(".map")?.replaceWith(mapOf());
  }
  function close(isFocusBack = false) {
    root.hidden = true;
    if (isFocusBack) document.getElementById("change")?.focus();
    panel.tools();
  }
  const focus = () => (root.querySelector(".fields input") ?? root.querySelector("button")).focus();
  return { root, focus, open, close, follow, get isOpen() { return !root.hidden; }, get value() { return value; } };
})();
