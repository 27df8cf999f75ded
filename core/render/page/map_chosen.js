// The samples chosen on the map: what they are, their ids to copy, and a file of those that can be pushed.

const LISTED = 100;
const NAMED = 6;

function chosenList(points, content, { clear, anchorOf }) {
  const place = byId('map-chosen');

  // Which values the chosen have most.
  function breakdown(chosen, column) {
    const sizes = new Map();
    const codesOf = (point) => (column.has ? column.values.map((_, code) => code).filter((code) => column.has(point, code)) : [column.codes[point]]);
    for (const point of chosen) for (const code of codesOf(point)) sizes.set(code, (sizes.get(code) || 0) + 1);
    if (!sizes.size) return null;
    const most = [...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const words = most.slice(0, NAMED).map(([code, size]) => `${valueWords(column, code)} ${count(size)}`);
    return `${visible(column.name)}: ${words.join(', ')}${most.length > NAMED ? ` and ${count(most.length - NAMED)} more` : ''}.`;
  }

  function row(point) {
    const labels = points.columns.filter(({ kind }) => kind === 'label' || kind === 'suggestion');
    const [label, suggestion] = ['label', 'suggestion'].map((kind) => labels.find((column) => column.kind === kind));
    const id = points.ids[point];
    const anchor = id === undefined ? null : anchorOf(id);
    const given = label && label.codes[point] !== NO_VALUE ? valueWords(label, label.codes[point]) : null;
    const likelier = suggestion && suggestion.codes[point] !== NO_VALUE ? valueWords(suggestion, suggestion.codes[point]) : null;
    const text = points.texts[point];
    return el(
      'li',
      {},
      id === undefined ? null : anchor ? el('a', { href: addressOf(anchor) }, name(id, { class: 'id' })) : name(id, { class: 'id quiet' }),
      given === null ? null : el('span', { class: 'label' }, given, likelier === null ? null : el('span', { class: 'suggested' }, el('span', { class: 'arrow' }, '\u2192'), likelier)),
      points.issuesOf(point).length ? el('span', { class: 'chips' }, points.issuesOf(point).map(([, title]) => el('span', { class: 'chip' }, title))) : null,
      text === undefined ? null : el('span', { class: text ? 'words' : 'words quiet', dir: 'auto' }, text ? visible(text) : '(empty)'),
    );
  }

  const button = (title, onclick) => el('button', { type: 'button', onclick }, title);
  function actions(chosen) {
    const ids = chosen.map((point) => points.ids[point]);
    const flagged = chosen.filter((point) => points.issuesOf(point).length).map((point) => points.ids[point]);
    const said = el('p', { class: 'hint', role: 'status' });
    const copy = async () => {
      const { text, rest } = idLines(ids, content);
      said.textContent = (await copied(text)) ? `Copied.${rest}` : 'The browser does not let this page copy: take the file instead.';
    };
    const write = (some, kind, next) => () => {
      const { text, rest } = idLines(some, content);
      const file = fileName(content, kind);
      save(file, text, 'text/plain');
      said.textContent = `Saved as ${file}${FRAMED}.${rest} Next: ${next(file)}`;
    };
    const push = (file) => `labelsift push PLATFORM PROJECT --run ${content.run} --ids ${file}`;
    const similar = (file) => `labelsift similar --run ${content.run} --ids ${file} finds more like them.`;
    return [
      el(
        'div',
        { class: 'actions' },
        points.ids.length ? button(ids.length === 1 ? 'Copy its id' : `Copy ${count(ids.length)} ids`, copy) : null,
        points.ids.length ? button('File of ids', write(ids, 'map-ids.txt', similar)) : null,
        points.ids.length && flagged.length ? button(`File of the ${count(flagged.length)} flagged, to push`, write(flagged, 'flagged-ids.txt', push)) : null,
        button('Choose none', clear),
      ),
      said,
    ];
  }

  function show(chosen, column) {
    place.hidden = !chosen.length;
    const flagged = chosen.filter((point) => points.issuesOf(point).length).length;
    const title = `${count(chosen.length)} chosen, ${flagged ? count(flagged) : 'none'} of them flagged`;
    byId('announced').textContent = chosen.length ? title : 'None chosen';
    if (!chosen.length) return place.replaceChildren();
    const kinds = points.columns.filter(({ kind }) => kind === 'issue' || kind === 'label');
    const told = [...new Set([column, ...kinds])].filter(Boolean);
    const rest = chosen.length - LISTED;
    const bare = content.share && !points.ids.length; // nothing but numbers may be shown
    place.replaceChildren(
      ...[
        el('h3', {}, title),
        el('p', { class: 'hint' }, told.map((each) => breakdown(chosen, each)).filter(Boolean).map((words) => el('span', { class: 'told' }, words, ' '))),
        ...actions(chosen),
        bare ? null : el('ol', { class: 'chosen', tabindex: '0', 'aria-label': 'Chosen samples' }, chosen.slice(0, LISTED).map(row)),
        !bare && rest > 0 ? el('p', { class: 'hint' }, `And ${count(rest)} more: the file has them all.`) : null,
      ].filter(Boolean),
    );
  }
  return { show };
}
