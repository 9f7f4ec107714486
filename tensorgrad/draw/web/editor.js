// The editor: the numbers of a leaf as fields, with a slider for the one that is chosen.

const editor = (() => {
  const MOST = 64; // fields; of a larger array the number that is chosen in its map
  const root = element("section", { id: "editor", "aria-label": "Change numbers", hidden: true });
  let value = null, chosen = 0; // the leaf, and which of its numbers

  /** The leaves, those with a gradient first. */
  const leaves = () => {
    const all = [...model.values.keys()].filter(i => model.values[i].leaf && !model.values[i].data.blocks && model.values[i].data.data.length);
    return [...all.filter(i => model.values[i].grad), ...all.filter(i => !model.values[i].grad)];
  };
  const isWhole = () => /int|bool/.test(model.values[value].dtype);
  const written = x => String(Number(x.toPrecision(6)));
  const nameOf = i => nameOfElement(model.values[value].name, i, model.values[value].shape);

  function set(i, x) {
    if (!Number.isFinite(x)) return;
    model.set(value, i, isWhole() ? Math.round(x) : x);
  }

  // A field, and the slider for it -----------------------------------------------------------------------------------

  function field(i) {
    return element("input", {
      type: "number", step: isWhole() ? 1 : "any", value: written(model.values[value].data.data[i]), "data-i": i, "aria-label": nameOf(i),
      input: event => {
        const isNumber = event.target.value !== "" && Number.isFinite(event.target.valueAsNumber);
        event.target.setAttribute("aria-invalid", !isNumber);
        if (isNumber) { set(i, event.target.valueAsNumber); showNumbers(event.target); }
      },
      focus: () => { if (chosen !== i) { chosen = i; slide(); } },
      blur: () => showNumbers(),
    });
  }
  /** The slider of the chosen number, with a range around it that stays while it is moved. */
  function slide() {
    const x = model.values[value].data.data[chosen], most = Math.abs(x) <= 3 ? 3 : Number((2 * Math.abs(x)).toPrecision(2));
    const slider = element("input", {
      type: "range", min: -most, max: most, step: isWhole() ? 1 : most / 300, "aria-label": `Slider of ${nameOf(chosen)}`,
      input: event => { set(chosen, Number(event.target.valueAsNumber.toPrecision(6))); showNumbers(event.target); },
    });
    slider.value = x;
    root.querySelector(".slider")?.replaceChildren(
      element("span", {}, nameOf(chosen)), element("span", {}, formatNumber(-most)), slider, element("span", {}, formatNumber(most)));
    for (const f of root.querySelectorAll("[data-i]")) f.classList.toggle("chosen", +f.dataset.i === chosen);
  }
  /** All fields show the numbers of the model, but for the one in which something is typed. */
  function showNumbers(typing = document.activeElement) {
    const { data } = model.values[value].data;
    for (const f of root.querySelectorAll("[data-i]")) {
      if (f === typing) continue;
      f.value = written(data[f.dataset.i]);
      f.removeAttribute("aria-invalid");
    }
    const slider = root.querySelector("[type=range]");
    if (slider && slider !== typing) slider.value = data[chosen];
  }

  // The whole --------------------------------------------------------------------------------------------------------

  const note = (...words) => element("p", { class: "note" }, ...words);
  function head(title) {
    return element("div", { class: "head" }, title,
      element("button", { class: "quiet", "aria-label": "Close the editor", click: () => close(true) }, "Close"));
  }
  function whyNot(words) {
    value = null;
    root.replaceChildren(head(element("h3", {}, "Change numbers")), note(words));
  }
  /** The map of a large leaf, in which the number is chosen. */
  function mapOf() {
    const { data, name } = model.values[value];
    return heatmap.map(data, name, { at: chosen, onPick: i => { chosen = i; root.querySelector(".fields").replaceChildren(field(i)); slide(); } });
  }
  function fields() {
    const { data, shape, dtype } = model.values[value];
    const choice = element("select", { "aria-label": "Which leaf", change: event => { open(+event.target.value); root.querySelector("select").focus(); } },
      leaves().map(i => element("option", { value: i, selected: i === value }, `${model.values[i].name}  ${shapeText(model.values[i].shape)}`)));
    const isMap = data.data.length > MOST;
    const columns = isMap || shape.length < 2 ? "auto-fill" : shape.at(-1);
    const grid = element("div", { class: "fields", style: `grid-template-columns:repeat(${columns}, minmax(4.8rem, 7rem))` },
      isMap ? field(chosen) : Array.from(data.data, (_, i) => field(i)));
    root.replaceChildren(head(choice), ...(isWhole() ? [note(`Whole numbers: the dtype is ${dtype}.`)] : []),
      ...(isMap ? [mapOf()] : []), grid, element("div", { class: "slider" }),
      note("What the program decided by numbers stays as it was recorded: masks, indices, the branch of an if."));
    slide();
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
    if (model.values[which].data.blocks) return whyNot(`${name} is too large for its numbers to be on this page.`);
    if (which !== value) chosen = 0;
    value = which;
    fields();
  }
  /** The numbers of the model have changed. */
  function follow() {
    if (value === null || root.hidden) return;
    showNumbers();
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
