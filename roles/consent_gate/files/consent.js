const decline = document.getElementById("decline");
decline?.addEventListener("click", event => {
  const came = window === top && history.length > 1 && document.referrer;
  if (came && new URL(came).origin === decline.origin) {
    event.preventDefault();
    history.back();
  }
});
