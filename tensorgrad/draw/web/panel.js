// What a step says. (A plain form of it.)
const panel = (() => {
  const text = s => String(s).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const value = v => model.values[v], put = html => { document.getElementById("panel").innerHTML = html; };
  const numbers = array => `<pre>${text(array.complex || array.blocks ? graph.inWords(array) : formatArray(array))}</pre>`;
  const entries = (list, name) => list.map(({ value: v, array }) => `<h3 class="${name === "gradient" ? "backward" : ""}">${text(value(v)[name])} <small>(${value(v).shape})</small></h3>${numbers(array)}`).join("");
  const data = list => entries(list.map(v => ({ value: v, array: value(v).data })), "name");
  const heading = words => `<h3 class="heading">${words}</h3>`;
  const head = (phase, title) => `<p class="phase ${phase}">${phase === "forward" ? "Forward: values" : "Backward: gradients"}</p><h2>${text(title)}</h2>`;
  const formula = (name, told) => !told ? "" : (told.formula ? `<div class="formula"><span class="unseen">${text(name)} </span>= ${told.formula}</div>` : `<pre>${text(told.source)}</pre>`) + told.notes.map(n => `<p class="note">${text(n)}</p>`).join("");
  const rule = r => `<div class="rule"><h3 class="backward">${text(value(r.to).gradient)}</h3>${formula(value(r.to).gradient, r)}${numbers(r.arrives)}` +
    (r.before === null ? "" : `<p class="note">There was already</p>${numbers(r.before)}<p class="note">and now the sum is</p><pre class="total">${numbers(r.total).slice(5)}`) + `</div>`;
  function show(at) {
    const { phase, title, operation } = model.steps[at], o = model.operations[operation];
    if (!o) return put(head(phase, title));
    put(head(phase, title) + (phase === "forward" ? heading("What comes in") + data(o.inputs) + heading("What goes out") + data(o.outputs) :
      heading("What arrives") + entries(o.arrives, "gradient") + heading("What the rule sends on") + o.rules.map(rule).join("")));
  }
  function showFolded({ phase, title, arrives, sent }) {
    const name = phase === "forward" ? "name" : "gradient";
    put(head(phase, title) + heading(phase === "forward" ? "What comes in" : "What arrives") + entries(arrives, name) + heading(phase === "forward" ? "What goes out" : "What the layer sends on") + entries(sent, name));
  }
  return { show, showFolded };
})();
