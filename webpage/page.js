// The example page: shows each hit of footfall.js as it leaves, newest first, and fills this page's own address into the snippets.
(function () {
    'use strict';

    const NAMES = [['e_c', 'Event'], ['download', 'Download'], ['link', 'Outlink'], ['action_name', 'Page view']];

    function element(tag, text, ...children) {
        const made = document.createElement(tag);
        made.textContent = text;
        made.append(...children);
        return made;
    }

    function show({ outcome, parameters }) {
        if (outcome === 'held') {
            showSignal();
            return;
        }
        const [, name] = NAMES.find(([parameter]) => parameters.some(([sent]) => sent === parameter)) || ['', 'Hit'];
        const heading = element('p', '', element('strong', name), ' ', element('span', 'beacon, POST'));
        heading.className = 'hit';
        const list = element('dl', '', ...parameters.map(([key, value]) => element('div', '', element('dt', key), element('dd', value))));
        document.getElementById('sent').prepend(element('li', '', heading, list));
    }

    function showSignal() {
        const name = navigator.globalPrivacyControl === true ? 'Global Privacy Control' : 'Do Not Track';
        const note = document.getElementById('signal');
        note.textContent = `Your browser asks not to be tracked (${name}), so the tracker sends nothing. The plain pixel below was fetched by the browser before any script ran.`;
        note.hidden = false;
    }

    function fillSnippets() {
        const origin = new URL('.', location.href).href.replace(/\/$/, '');
        for (const code of document.querySelectorAll('[data-snippet]')) {
            code.textContent = code.textContent.replaceAll('{origin}', origin);
            code.parentElement.before(copyButton(code));
        }
    }

    function copyButton(code) {
        const button = element('button', 'Copy');
        button.type = 'button';
        button.className = 'copy';
        button.setAttribute('aria-describedby', code.parentElement.getAttribute('aria-labelledby'));
        button.addEventListener('click', async () => {
            try {
                await navigator.clipboard.writeText(code.textContent);
                button.textContent = 'Copied';
            } catch {
                getSelection().selectAllChildren(code); // no access to the clipboard: marked, for the keyboard
                button.textContent = 'Selected';
            }
        });
        return button;
    }

    document.addEventListener('footfall', (hit) => show(hit.detail));
    document.getElementById('send-event').addEventListener('click', () => window.footfall.event('demo', 'press', 'Send an event', 1));
    fillSnippets();
})();
