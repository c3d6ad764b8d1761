const video = document.querySelector("video");
const state = document.getElementById("state");
const stream = "/live/live.m3u8";
let seen = -1, still = 0;
function say(word) {
  document.body.dataset.state = word;
  state.textContent = state.dataset[word];
  video.hidden = word !== "live";
}
async function look() {
  const answer = await fetch(stream, {method: "HEAD"}).catch(() => ({status: 0}));
  if (answer.status === 403) return location.reload();
  if (!answer.ok) {
    if (video.hasAttribute("src")) {
      video.removeAttribute("src");
      video.load();
    }
    return say("waiting");
  }
  still = video.paused || video.currentTime !== seen ? 0 : still + 1;
  seen = video.currentTime;
  if (video.hasAttribute("src") && !video.error && still < 5) return say("live");
  if (video.hasAttribute("src")) say("full");
  video.src = stream;
  still = 0;
  video.play().catch(() => {});
}
async function watch() {
  await look();
  setTimeout(watch, 2000);
}
if (video && video.canPlayType("application/vnd.apple.mpegurl")) watch();
else if (video) say("unable");
