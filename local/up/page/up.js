// The page of `make up`: follows what becomes of requests, lists them, and shows the one that is chosen. All that came over the wire
// is put into the page as text: the content security policy refuses everything else.

import { showDetail } from './detail.js';
import { byId, element, say, timeOf } from './dom.js';
import { loadStage, sendOwnTitle } from './send.js';

const OUTCOMES = { row: 'row', reject: 'reject', suppressed: 'suppressed', refused: 'refused', failed: 'failed', waiting: 'on its way' };
const SHOWN = 100;
const list = byId('list');
const items = new Map(); // request id -> its list item's button
const summaries = new Map();

let epoch = '';
let chosen = '';
let shownVersion = -1;
let loading = false;
let oldVersion = 0; // what had happened before this page came
let isInSight = true; // the detail, or enough of it

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

const DELIVERIES = { delivered: 'delivered', rejected: 'not accepted', uncertain: 'uncertain', waiting: 'waits in the queue' };

function tookOf({ took_ms }) {
    return took_ms === null ? '' : ` · ${took_ms} ms`;
}

function verdictOf({ delivery }) {
    const made = element('span', { text: DELIVERIES[delivery] });
    made.dataset.verdict = delivery;
    return made;
}

function fill(button, summary) {
    button.dataset.outcome = summary.outcome;
    button.replaceChildren(
        element('strong', { text: nameOf(summary) }),
        element('span', { className: 'outcome', text: outcomeOf(summary) }, ...(summary.delivery ? [' · ', verdictOf(summary)] : [])),
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
    } else if (before && before.delivery !== summary.delivery && summary.outcome !== 'waiting') {
        tell(summary);
    }
}

// Say what came, and on a phone, where it comes out of sight, offer the way to it; what was there before says nothing.
function arrived(summary) {
    if (summary.version <= oldVersion) {
        return;
    }
    tell(summary);
    const result = byId('result');
    result.dataset.outcome = summary.outcome;
    result.replaceChildren(element('strong', { text: nameOf(summary) }), ` ${outcomeOf(summary)}${tookOf(summary)}`);
    result.hidden = isInSight;
}

function tell(summary) {
    if (summary.version > oldVersion) {
        say([`${nameOf(summary)}: ${outcomeOf(summary)}`, DELIVERIES[summary.delivery]].filter(Boolean).join(', '));
    }
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
