// The list of samples: what is shown (issue, class, metadata, search), in which order, and page by page.

const PER_PAGE = 25;
const META_VALUES = 60;

const plain = (text) => text.normalize('NFKC').toLowerCase();

function samplesView(content) {
  const samples = decode(content);
  const columns = [...(content.share ? [] : ['split']), ...content.metadata];
  const metaOf = (sample, column) => (column === 'split' && !content.metadata.includes('split') ? sample.split : sample.meta[content.metadata.indexOf(column)]);
  const slices = slicesOf(content, samples, metaOf);
  const tabs = content.overview.issues.map(([issue, title, chip]) => [issue, title, chip]);
  if (slices) tabs.push([slices.wrong, 'Wrong predictions', 'wrong prediction']);
  const chips = new Map(tabs.map(([issue, , chip]) => [issue, chip]));
  const first = { ...NO_FILTER, issue: ['label', 'span'].find((issue) => samples.some((sample) => findingOf(sample, issue))) ?? '' };
  const labeled = samples.some((sample) => sample.node.label !== null); // spans stand in their texts
  let state = first;

  const haystack = (sample) => {
    sample.haystack ??= plain(
      [sample.node.id, sample.node.text, sample.node.label, suggestionOf(sample), sample.split, sample.predicted, ...sample.meta]
        .filter((word) => word !== null)
        .join('\n'),
    );
    return sample.haystack;
  };

  const sliceNow = () => (state.slice && slices ? slices.bySlug.get(state.slice) : null);
  const ofTab = () => samples.filter((sample) => !state.issue || findingOf(sample, state.issue));

  function matching() {
    const wanted = plain(state.search).split(/\s+/).filter(Boolean);
    const terms = termsOf(state.meta);
    const slice = sliceNow();
    return ofTab().filter(
      (sample) =>
        (!state.given || sample.node.label === state.given) &&
        (!state.suggested || suggestionOf(sample) === state.suggested) &&
        terms.every(([column, value]) => metaOf(sample, column) === value) &&
        (!slice || slice.has(sample)) &&
        wanted.every((word) => haystack(sample).includes(word)),
    );
  }

  function ordered(matches) {
    const score = (sample) => (state.issue ? (findingOf(sample, state.issue).score ?? 1) : sample.order);
    const sure = (sample) => -(Math.max(...sample.findings.map((finding) => finding.confidence ?? -1)));
    const key = { worst: score, sure, label: (sample) => sample.node.label ?? '\uffff', id: (sample) => sample.node.id }[state.order];
    const keyed = matches.map((sample) => [key(sample), sample]);
    return keyed.sort((a, b) => compare(a[0], b[0]) || a[1].order - b[1].order).map(([, sample]) => sample);
  }

  // Where an issue comes in groups, a group is shown once, in the place of its first member.
  function entries(matches) {
    const seen = new Set();
    return matches.filter((sample) => {
      const group = state.issue ? findingOf(sample, state.issue).group : -1;
      return group < 0 || (!seen.has(group) && seen.add(group));
    });
  }

  const flaggedWith = ({ issue, group }) => samples.filter((sample) => sample.findings.some((finding) => finding.issue === issue && finding.group === group));

  const context = () => ({ chips, meta: content.metadata, share: content.share, texts: content.texts, issue: state.issue, labeled });
  function card(sample) {
    const finding = state.issue ? findingOf(sample, state.issue) : null;
    if (!finding || finding.group < 0) return selection.selectable(sampleCard(sample, context()), [sample]);
    const flagged = flaggedWith(finding);
    const members = [...new Set([sample.node, ...flagged.map((other) => other.node), ...finding.related])];
    return selection.selectable(groupCard(finding, members, context()), [...new Set([sample, ...flagged])]);
  }

  const option = (value, text) => el('option', { value }, text);
  const options = (values) => tally(values.filter((value) => value !== null)).map(([value, size]) => option(value, `${visible(value)} (${count(size)})`));
  const choice = (key, title, children) =>
    el('label', {}, el('span', {}, title), el('select', { name: key, onchange: (event) => set({ [key]: event.target.value }) }, children));

  const search = el('input', { type: 'search', name: 'search', placeholder: content.share ? 'Id or label' : content.texts ? 'Text, id, label or metadata' : 'Id, label or metadata', autocomplete: 'off', spellcheck: 'false' });
  let waiting;
  search.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => set({ search: search.value }), 120);
  });
  const searchField = el('label', { class: 'search' }, el('span', {}, 'Search'), search);
  byId('tools').addEventListener('submit', (event) => event.preventDefault());

  // The choices are those of the tab, with their numbers there.
  function drawTools() {
    const here = ofTab();
    const metaOption = ([column, value, size]) => option(JSON.stringify([column, value]), `${metaWords(value)} (${count(size)})`);
    const groups = columns
      .map((column) => [column, tally(here.map((sample) => metaOf(sample, column)))])
      .filter(([, values]) => values.length > 1 && values.length <= META_VALUES)
      .map(([column, values]) => el('optgroup', { label: visible(column) }, values.map(([value, size]) => metaOption([column, value, size]))));
    const given = options(here.map((sample) => sample.node.label));
    const suggested = options(here.map(suggestionOf));
    byId('tools').replaceChildren(
      searchField,
      ...[
        given.length ? choice('given', 'Labeled', [option('', 'Any class'), ...given]) : null,
        suggested.length ? choice('suggested', 'Suggested', [option('', 'Any class'), ...suggested]) : null,
        groups.length ? choice('meta', 'Metadata', [option('', 'Any value'), ...groups]) : null,
        choice('order', 'Order', ORDERS.map(([value, title]) => option(value, title))),
      ].filter(Boolean),
      el('button', { type: 'button', class: 'clear', onclick: () => set({ ...NO_FILTER, issue: state.issue }) }, 'Clear'),
    );
  }

  // The fields show the state, also a value that none of the tab's samples has.
  function fillTools() {
    for (const key of ['given', 'suggested', 'meta', 'order']) {
      const field = byId('tools').elements[key];
      if (!field) continue;
      const words = key === 'meta' ? termsOf(state.meta).map(([column, value]) => `${visible(column)}: ${metaWords(value)}`).join(', ') : visible(state[key]);
      if (![...field.options].some((known) => known.value === state[key])) field.append(option(state[key], words));
      field.value = state[key];
    }
    if (search.value !== state.search) search.value = state.search;
  }

  function drawTabs() {
    const all = [['', 'All', samples.length], ...tabs.map(([issue, title]) => [issue, title, samples.filter((sample) => findingOf(sample, issue)).length])];
    byId('tabs').replaceChildren(
      ...all.filter(([, , size]) => size).map(([issue, title, size]) =>
        el('button', { type: 'button', class: 'tab', 'aria-pressed': String(state.issue === issue), onclick: () => set({ ...NO_FILTER, issue, slice: state.slice }, { step: true }) }, `${title} `, el('span', { class: 'quiet' }, count(size))),
      ),
    );
  }

  function drawPages(holder, pages) {
    const step = (by, title, symbol) =>
      el('button', { type: 'button', disabled: state.page + by < 0 || state.page + by >= pages, 'aria-label': title, onclick: () => turn(by) }, symbol);
    holder.hidden = pages < 2;
    holder.replaceChildren(step(-1, 'Previous page', '\u2190'), el('span', {}, `Page ${count(state.page + 1)} of ${count(pages)}`), step(1, 'Next page', '\u2192'));
  }

  let pageCount = 1;
  function draw() {
    const matches = matching();
    const shown = entries(ordered(matches));
    pageCount = Math.max(1, Math.ceil(shown.length / PER_PAGE));
    state.page = Math.min(state.page, pageCount - 1);
    const from = state.page * PER_PAGE;
    selection.forget();
    byId('list').replaceChildren(...shown.slice(from, from + PER_PAGE).map(card));
    const size = `${count(matches.length)} ${matches.length === 1 ? 'sample' : 'samples'}`;
    const grouped = shown.length < matches.length ? ` in ${count(shown.length)} ${shown.length === 1 ? 'group' : 'groups'}` : '';
    byId('status').textContent = matches.length ? `${size}${grouped}` : samples.length ? 'No flagged sample matches.' : 'No sample is flagged.';
    if (!matches.length && state.slice) byId('status').textContent = 'No sample of the slice is in this tab.';
    selection.offer(matches);
    drawTabs();
    drawSlice();
    for (const holder of ['pages-top', 'pages-bottom']) drawPages(byId(holder), pageCount);
  }

  let drawnSlice = '';
  function drawSlice() {
    const slice = sliceNow();
    const key = slice ? `${slice.slug} ${slice.metric.name}` : '';
    if (key === drawnSlice) return; // what was written into its field stays
    drawnSlice = key;
    byId('chosen-slice').hidden = !slice;
    if (slice) byId('chosen-slice').replaceChildren(...chosenSlice(slice, slices, () => set({ ...NO_FILTER, issue: state.issue })));
  }

  // `step`: the browser goes back from it; `silent`: the address stays, as it names what is shown.
  function set(change, { step = false, silent = false } = {}) {
    clearTimeout(waiting);
    const issue = state.issue;
    state = { ...state, page: 0, ...change };
    if (state.issue !== issue) drawTools();
    fillTools();
    draw();
    if (!silent) remember(state, { step });
  }

  function turn(by) {
    const page = state.page + by;
    if (page < 0 || page >= pageCount) return;
    set({ page });
    byId('tabs').scrollIntoView({ block: 'start' });
  }

  function pick(change) {
    set({ ...NO_FILTER, ...change }, { step: true });
    byId('samples').scrollIntoView({ block: 'start' });
    byId('samples').focus({ preventScroll: true });
  }

  // Show the samples of a slice for what its metric counts, or whatever else is on the page of it.
  function pickSlice({ slug }, metric) {
    slices.bySlug.set(slug, { ...slices.bySlug.get(slug), ...figuresIn(metric, slug), metric });
    const { has } = slices.bySlug.get(slug);
    const wanted = metric.name === 'error_rate' && !metric.proxy ? slices.wrong : 'label';
    const inTab = samples.some((sample) => findingOf(sample, wanted) && has(sample));
    pick({ issue: inTab ? wanted : '', slice: slug });
  }
  const figuresIn = ({ views }, slug) => views.flatMap(({ cells }) => cells).find((cell) => cell.slug === slug) ?? {};

  // Show what an address names: a state of the list, or no state at all.
  function restore(hash) {
    const named = readState(hash, { issues: [...chips.keys()], columns, slices: slices ? slices.bySlug : new Map() });
    if (!named && writeState(state) === writeState(first)) return;
    set(named ?? first, { silent: true });
    if (named) byId('samples').scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  // Show one sample, wherever it stands: on another page, behind a filter, its text cut, its neighbours closed.
  function show(anchor) {
    const sample = samples.find((candidate) => candidate.anchor === anchor);
    if (!sample) {
      byId('status').textContent = 'The sample of this link is not on this page: it is not flagged, or was left out.';
      byId('samples').scrollIntoView({ block: 'start' });
      return;
    }
    if (!byId(anchor)) {
      set({ ...NO_FILTER }, { silent: true });
      set({ page: Math.floor(entries(ordered(matching())).indexOf(sample) / PER_PAGE) }, { silent: true });
    }
    const card = byId(anchor);
    for (const other of document.querySelectorAll('.sample.meant')) other.classList.remove('meant');
    card.classList.add('meant');
    for (const fold of card.querySelectorAll('details')) fold.open = true;
    const more = card.querySelector('.textblock button[aria-expanded="false"]');
    if (more) more.click();
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  // Show the samples of a slice: by its slug, or at its row in a table.
  function showSlice(anchor) {
    const worse = content.values.find((row) => row[4] === anchor);
    const special = { _empty: '', _missing: null };
    const term = (words) => [words.slice(0, words.indexOf(':')), words.slice(words.indexOf(':') + 1)];
    const terms = worse ? [worse] : anchor.slice('slice-'.length).split('__').map(term);
    const read = terms.map(([column, value]) => [column, !worse && Object.hasOwn(special, value) ? special[value] : value]);
    const slug = anchor.slice('slice-'.length);
    if (slices && slices.bySlug.has(slug)) set({ ...NO_FILTER, slice: slug }, { silent: true });
    else if (read.every(([column]) => columns.includes(column))) set({ ...NO_FILTER, meta: metaOfTerms(read) }, { silent: true });
    (byId(anchor) || byId('samples')).scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  const selection = selectionOf(content, () => matching());
  drawTools();
  draw();
  return { pick, turn, pickSlice, slices, show, showSlice, restore, search, columns, selection };
}

function tally(values) {
  const sizes = new Map();
  for (const value of values) sizes.set(value, (sizes.get(value) || 0) + 1);
  return [...sizes].sort((a, b) => compare(a[0], b[0]));
}
