/* Sphinx's own weights; of a search for many words, which is one for a message, pages of errors come first. */
var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    const words = (new URLSearchParams(location.search).get("q") ?? "").trim().split(/\s+/).length;
    return words > 4 && page.startsWith("errors/") ? score + 100 : score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 15, 1: 5, 2: -5},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
