// STAND-IN, not Jitsi's own: asks for every page itself, and has a page of its own for when nobody answers.
const OFFLINE = 'static/offline.html';

self.addEventListener('install', event => {
    event.waitUntil(caches.open('offline').then(cache => cache.add(new Request(OFFLINE, { cache: 'reload' }))));
    self.skipWaiting();
});
self.addEventListener('activate', () => self.clients.claim());
self.addEventListener('fetch', event => {
    if (event.request.mode === 'navigate') {
        event.respondWith(fetch(event.request).catch(() => caches.match(OFFLINE)));
    }
});
