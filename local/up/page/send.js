// The buttons: what a browser can send it sends to the edge itself, the rest is sent by this machine.

import { byId, element, say } from './dom.js';

let stage = null;
let imagesSent = 0;

function sendFromBrowser(sample, target) {
    const url = stage.edge_url + target;
    if (sample.sent_by === 'beacon') {
        navigator.sendBeacon(url, new Blob([], { type: 'application/x-www-form-urlencoded' })); // empty, as matomo.js sends it
    } else {
        imagesSent += 1;
        new Image(1, 1).src = `${url}&rand=${imagesSent}`; // within a page a browser asks for each URL once, whatever no-store says
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

export function sendOwnTitle(submitted) {
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

export async function loadStage() {
    showStage(await (await fetch('stage')).json());
}
