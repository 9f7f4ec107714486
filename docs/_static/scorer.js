/* Sphinx's own weights; but of a search for words that stand in a message, the page that explains it comes first, and
   is opened at the message. */
const wordsOf = text => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];

/* The message on a page that has most of the words, and how large a part of them. */
const nearestMessage = (page, words) => {
  const { docnames, indexentries } = Search._index;
  const best = { part: 0, length: 0, id: "" };
  for (const [message, places] of Object.entries(indexentries)) {
    const place = places.find(([file]) => docnames[file] === page);
    if (!place) continue;
    const its = wordsOf(message);
    const found = words.filter(word => its.includes(word));
    let last = -1; // of a few words, the order counts
    if (words.length < 5 && !found.every(word => (last = its.indexOf(word, last + 1)) >= 0)) continue;
    const part = found.length / words.length;
    if (part > best.part || (part === best.part && its.length < best.length))
      Object.assign(best, { part, length: its.length, id: place[1] });
  }
  return best;
};

var Scorer = {
  score: result => {
    const [page, , , , score, , kind] = result;
    if (!page.startsWith("errors/")) return score;
    if (kind !== SearchResultKind.text) return kind === SearchResultKind.index ? score + 100 : score;
    const words = wordsOf(new URLSearchParams(location.search).get("q") ?? "");
    const { part, id } = nearestMessage(page, words);
    if (words.length < 2 || part < (words.length < 5 ? 1 : 0.5)) return score;
    result[2] = `#${id}`;
    return score + 100 * part;
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
