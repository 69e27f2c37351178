// The page of `make up`: sends requests, follows what becomes of them, and shows one before and after. All that came over the wire
// is put into the page as text: the content security policy refuses everything else.
(function () {
    'use strict';

    const OUTCOMES = { row: 'row', reject: 'reject', suppressed: 'suppressed', refused: 'refused', failed: 'failed', waiting: 'on its way' };
    const SHOWN = 100;
    const byId = (id) => document.getElementById(id);
    const list = byId('list');
    const items = new Map(); // request id -> its list item's button
    const summaries = new Map();

    let stage = null;
    let epoch = '';
    let chosen = '';
    let shownVersion = -1;
    let loading = false;
    let oldVersion = 0; // what had happened before this page came
    let isInSight = true; // the detail, or enough of it

    function element(tag, { className = '', text = '' } = {}, ...children) {
        const made = document.createElement(tag);
        made.className = className;
        made.textContent = text;
        made.append(...children);
        return made;
    }

    // --- Sending

    function sendFromBrowser(sample, target) {
        const url = stage.edge_url + target;
        if (sample.sent_by === 'beacon') {
            navigator.sendBeacon(url, new Blob([], { type: 'application/x-www-form-urlencoded' })); // empty, as matomo.js sends it
        } else {
            new Image(1, 1).src = url;
        }
    }

    async function sendFromMachine(sample) {
        try {
            await fetch(`send/${sample.name}`, { method: 'POST' });
        } catch {
            say('It could not be sent: Footfall is not running.');
        }
    }

    function send(sample) {
        byId('follow').checked = true;
        if (sample.sent_by === 'server') {
            sendFromMachine(sample);
        } else {
            sendFromBrowser(sample, sample.target);
        }
    }

    function sendOwnTitle(submitted) {
        submitted.preventDefault();
        const view = stage && stage.samples.find((sample) => sample.name === 'view');
        if (view) {
            const [path, query] = view.target.split('?');
            const parameters = new URLSearchParams(query);
            parameters.set('action_name', byId('own-title').value);
            byId('follow').checked = true;
            sendFromBrowser(view, `${path}?${parameters}`);
        }
    }

    function showStage(loaded) {
        stage = loaded;
        for (const place of ['browser-samples', 'server-samples']) {
            byId(place).replaceChildren();
        }
        for (const sample of stage.samples) {
            const button = element('button', { text: sample.label });
            button.type = 'button';
            button.title = sample.hint;
            button.dataset.sample = sample.name;
            button.addEventListener('click', () => send(sample));
            byId(sample.sent_by === 'server' ? 'server-samples' : 'browser-samples').append(button);
        }
        byId('edge-page').href = `${stage.edge_url}/`;
        byId('edge-url').textContent = stage.edge_url;
        byId('lake').textContent = stage.lake;
    }

    async function loadStage() {
        showStage(await (await fetch('stage')).json());
    }

    // --- The list

    function nameOf({ row, outcome, asked }) {
        const action = row.action || asked || (outcome === 'refused' ? 'Not logged' : [row.method, row.path].filter(Boolean).join(' ') || 'Request');
        if (!row.action) {
            return action;
        }
        const words = action.replaceAll('_', ' ').replace('email', 'e-mail');
        return words.charAt(0).toUpperCase() + words.slice(1);
    }

    function outcomeOf({ outcome, reasons }) {
        return [OUTCOMES[outcome], reasons.join(' or ')].filter(Boolean).join(': ');
    }

    function moreOf({ row, copies, is_replayed, is_restored }) {
        const what = row.title || row.event_action || row.campaign_name;
        const who = row.agent_name || (row.agent_class && row.agent_class !== 'human' ? row.agent_class : '');
        return [what, who, copies > 1 && `${copies} copies`, is_replayed && 'line brought back', is_restored && 'kept'].filter(Boolean).join(' · ');
    }

    function timeOf(at) {
        return new Date(at * 1000).toLocaleTimeString([], { hour12: false });
    }

    function tookOf({ took_ms }) {
        return took_ms === null ? '' : ` · ${took_ms} ms`;
    }

    function fill(button, summary) {
        button.dataset.outcome = summary.outcome;
        button.replaceChildren(
            element('strong', { text: nameOf(summary) }),
            element('span', { className: 'outcome', text: outcomeOf(summary) }),
            element('span', { className: 'more', text: moreOf(summary) }),
            element('span', { className: 'when', text: timeOf(summary.at) + tookOf(summary) }),
        );
    }

    function add(summary) {
        const button = element('button');
        button.type = 'button';
        button.tabIndex = -1;
        button.dataset.request = summary.id;
        button.addEventListener('click', () => {
            byId('follow').checked = summary.id === list.querySelector('button').dataset.request;
            choose(summary.id);
            if (isOneColumn()) {
                byId('detail').focus();
            }
        });
        list.prepend(element('li', { className: 'fresh' }, button));
        items.set(summary.id, button);
        return button;
    }

    function update(summary) {
        const before = summaries.get(summary.id);
        summaries.set(summary.id, summary);
        fill(items.get(summary.id) || add(summary), summary);
        if (summary.outcome !== 'waiting' && (!before || before.outcome === 'waiting')) {
            arrived(summary);
        }
    }

    // Say what came, and on a phone, where it comes out of sight, offer the way to it; what was there before says nothing.
    function arrived(summary) {
        if (summary.version <= oldVersion) {
            return;
        }
        say(`${nameOf(summary)}: ${outcomeOf(summary)}`);
        const result = byId('result');
        result.dataset.outcome = summary.outcome;
        result.replaceChildren(element('strong', { text: nameOf(summary) }), ` ${outcomeOf(summary)}${tookOf(summary)}`);
        result.hidden = isInSight;
    }

    function isOneColumn() {
        return matchMedia('(max-width: 61.99rem)').matches;
    }

    function trim() {
        while (list.children.length > SHOWN) {
            const id = list.lastElementChild.firstElementChild.dataset.request;
            list.lastElementChild.remove();
            items.delete(id);
            summaries.delete(id);
        }
    }

    function keepOneTabStop() {
        const current = items.get(chosen) || list.querySelector('button');
        for (const button of items.values()) {
            button.tabIndex = button === current ? 0 : -1;
        }
    }

    function moveInList(pressed) {
        const button = pressed.target.closest('button');
        const item = button && button.parentElement;
        const to = item && {
            ArrowDown: item.nextElementSibling,
            ArrowUp: item.previousElementSibling,
            Home: list.firstElementChild,
            End: list.lastElementChild,
        }[pressed.key];
        if (to) {
            pressed.preventDefault();
            const next = to.firstElementChild;
            byId('follow').checked = false;
            choose(next.dataset.request);
            next.focus();
        }
    }

    function showTotals(totals) {
        for (const [outcome, number] of Object.entries(totals)) {
            const place = byId(`total-${outcome}`);
            place.textContent = number;
            place.parentElement.hidden = outcome === 'failed' && number === 0;
        }
    }

    function takeChanges({ requests, totals }) {
        requests.forEach(update);
        trim();
        showTotals(totals);
        byId('nothing').hidden = items.size > 0;
        if (byId('follow').checked && list.firstElementChild) {
            choose(list.querySelector('button').dataset.request);
        }
        keepOneTabStop();
        showChosen();
    }

    // --- One request

    function choose(id) {
        if (items.has(chosen)) {
            items.get(chosen).removeAttribute('aria-current');
        }
        if (id !== chosen) {
            [chosen, shownVersion] = [id, -1];
        }
        items.get(id).setAttribute('aria-current', 'true');
        keepOneTabStop();
        showChosen();
    }

    async function showChosen() {
        const summary = summaries.get(chosen);
        if (loading || !summary || summary.version === shownVersion) {
            return;
        }
        loading = true;
        try {
            const answer = await fetch(`requests/${encodeURIComponent(chosen)}`);
            if (answer.ok) {
                const found = await answer.json();
                showDetail(found);
                shownVersion = found.id === chosen ? Math.max(found.version, summary.version) : -1;
            } else {
                shownVersion = summary.version; // forgotten meanwhile
            }
        } catch {
            return; // stopped: the connection says so
        } finally {
            loading = false;
        }
        showChosen(); // what has changed, or was chosen, meanwhile
    }

    function verdictOf({ outcome, why, took_ms, copies }) {
        const codes = why.map((reason) => reason.code).join(' or ');
        const after = took_ms === null ? '' : `, ${took_ms} ms after the edge answered`;
        const twice = copies > 1 ? ` Its line came ${copies} times: the view hits shows it once.` : '';
        return {
            row: `A row in hits${after}.${twice}`,
            reject: `Rejected: ${codes}. A row in rejects${after}.`,
            suppressed: `Suppressed: ${codes}. Counted, and nothing written.`,
            refused: 'Refused by the edge. CloudFront answers such a request with an error and logs nothing.',
            failed: `Failed: ${codes}. Its line is under the error prefix.`,
            waiting: 'On its way …',
        }[outcome];
    }

    function showDetail(found) {
        const verdict = byId('verdict');
        byId('intro').hidden = true;
        byId('detail').dataset.request = found.id;
        verdict.textContent = verdictOf(found);
        verdict.dataset.outcome = found.outcome;
        byId('remedy').textContent = found.why.map(({ meaning, remedy }) => [meaning, remedy].filter(Boolean).join(' ')).join(' Or: ').replaceAll('`', '');
        byId('remedy').hidden = found.why.length === 0;
        byId('hops').replaceChildren(...found.hops.map(hop));
        byId('explain-label').hidden = !found.sections.some(({ columns }) => columns.some(({ meaning }) => meaning));
        byId('jump').replaceChildren(...found.sections.map(({ name, title }) => link(`#section-${name}`, title)));
        byId('jump').hidden = false;
        byId('sections').replaceChildren(...found.sections.map(section));
    }

    function link(href, text) {
        const made = element('a', { text });
        made.href = href;
        return made;
    }

    function hop({ label, at, took_ms }) {
        const took = at === null ? 'not yet' : took_ms === null ? timeOf(at) : `+${took_ms} ms`;
        return element('li', { className: at === null ? 'ahead' : '' }, element('strong', { text: label }), element('span', { className: 'took', text: took }));
    }

    function section({ name, title, columns, empty, note, raw, legend }) {
        const heading = element('h3', { text: title });
        const made = element('section', { className: `section ${name}` }, heading);
        made.id = `section-${name}`;
        heading.id = `section-${name}-title`;
        made.setAttribute('aria-labelledby', heading.id);
        const keys = Object.entries(legend).map(([fate, text]) => key(fate, text));
        made.append(
            ...(keys.length ? [element('p', { className: 'legend' }, ...keys)] : []),
            ...(empty ? [element('p', { className: 'none', text: empty })] : [element('dl', { className: 'columns' }, ...columns.map(column))]),
            ...(note ? [element('p', { className: 'note', text: note })] : []),
            ...(raw ? [rawText(raw)] : []),
        );
        return made;
    }

    function key(fate, text) {
        const sign = { dropped: element('del', { text: 'struck through' }), becomes: element('span', { className: 'becomes', text: '→' }), new: element('span', { className: 'new', text: '+' }) }[fate];
        return element('span', {}, sign, ` ${text}`);
    }

    function rawText(raw) {
        const text = element('pre', { text: raw });
        text.tabIndex = 0; // it scrolls
        text.setAttribute('role', 'region');
        text.setAttribute('aria-label', 'The line as CloudFront writes it');
        return element('details', {}, element('summary', { text: 'The line as CloudFront writes it' }), text);
    }

    function column({ name, type, meaning, is_repeat, parts }) {
        const term = element('dt', {}, element('span', { text: name }), ...(type ? [' ', element('span', { className: 'type', text: type })] : []));
        const value = element('dd', { className: is_repeat ? 'repeat' : '' }, ...lines(parts, is_repeat));
        value.append(...(meaning ? [element('span', { className: 'meaning', text: meaning })] : []));
        return element('div', {}, term, value);
    }

    // A part that became something has a line of its own; those dropped one after the other share one, as do all of a repeat.
    function lines(parts, isRepeat) {
        const groups = [];
        for (const one of parts) {
            const isRun = isRepeat || (one.fate === 'dropped' && one.becomes.length === 0);
            const last = groups[groups.length - 1];
            if (isRun && last && last.isRun) {
                last.parts.push(one);
            } else {
                groups.push({ isRun, parts: [one] });
            }
        }
        return groups.map((group) => element('span', { className: 'line' }, ...group.parts.flatMap((one, index) => [index && !one.lead ? ', ' : '', ...part(one, isRepeat)])));
    }

    function part({ lead, text, fate, becomes }, isRepeat) {
        const shown = fate === 'dropped' ? element('del', { text }) : element('span', { className: fate, text });
        const hint = fate === 'dropped' ? [element('span', { className: 'unseen', text: ' (not written)' })] : fate === 'new' ? [element('span', { className: 'unseen', text: ' (new)' })] : [];
        const made = becomes.length && !isRepeat ? [element('span', { className: 'becomes', text: ` → ${becomes.join(', ')}` })] : [];
        return [lead, shown, ...hint, ...made];
    }

    // --- Following

    function say(text) {
        byId('announcement').textContent = text;
    }

    function takeHello({ epoch: now, newest, totals }) {
        byId('connection').textContent = '';
        if (now !== epoch) { // another process than before
            oldVersion = newest;
            epoch = now;
            [chosen, shownVersion] = ['', -1];
            items.clear();
            summaries.clear();
            list.replaceChildren();
            byId('nothing').hidden = false;
            loadStage();
        }
        showTotals(totals);
    }

    function follow() {
        const events = new EventSource('events');
        events.addEventListener('hello', (event) => takeHello(JSON.parse(event.data)));
        events.addEventListener('changes', (event) => takeChanges(JSON.parse(event.data)));
        events.addEventListener('error', () => {
            byId('connection').textContent = 'Not connected. Is make up still running? Trying again …';
            if (events.readyState === EventSource.CLOSED) {
                setTimeout(follow, 2000);
            }
        });
    }

    byId('own').addEventListener('submit', sendOwnTitle);
    byId('explain').addEventListener('change', (event) => byId('sections').classList.toggle('explained', event.target.checked));
    byId('follow').addEventListener('change', (event) => event.target.checked && list.firstElementChild && choose(list.querySelector('button').dataset.request));
    list.addEventListener('keydown', moveInList);
    byId('result').addEventListener('click', () => { byId('result').hidden = true; });
    new IntersectionObserver(([entry]) => {
        isInSight = entry.isIntersecting;
        byId('result').hidden = byId('result').hidden || isInSight;
    }, { rootMargin: '0px 0px -30% 0px' }).observe(byId('detail'));
    follow();
})();
