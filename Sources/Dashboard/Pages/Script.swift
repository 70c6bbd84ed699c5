/// The one script: it hears of changes, looks at the page again, and says when the coordinator is away.
enum Script {
    static let text = #"""
        "use strict";
        (() => {
          const body = document.body;
          const link = document.getElementById("link");
          const listens = body.dataset.listens;
          const isLive = body.dataset.live === "yes";
          // Many viewers hear of a change at once; they do not all ask at once.
          const pause = 1500 + Math.random() * 1000;
          let incarnation = null;
          let lost = false;
          let isLooking = false;
          let isStale = false;
          let last = 0;

          const say = (text, isBad) => {
            if (link.textContent !== text) link.textContent = text;
            link.classList.toggle("lost", isBad);
          };

          // The server writes every page whole; what differs is taken over, part by part.
          const look = async () => {
            if (!isLive) return;
            if (isLooking || document.hidden) { isStale = true; return; }
            const wait = last + pause - Date.now();
            if (wait > 0) {
              if (!isStale) { isStale = true; setTimeout(() => { isStale = false; look(); }, wait); }
              return;
            }
            isLooking = true;
            isStale = false;
            try {
              const answer = await fetch(location.href, { credentials: "same-origin" });
              if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
            } catch { /* the stream says when it is back */ }
            last = Date.now();
            isLooking = false;
            if (isStale) { isStale = false; look(); }
          };

          const replace = (page) => {
            const main = document.getElementById("main");
            const fresh = page.getElementById("main");
            if (!fresh) return;
            const parts = (root) => [...root.querySelectorAll("[data-part]")];
            const names = (root) => parts(root).map((part) => part.id).join(" ");
            if (names(main) !== names(fresh)) { main.replaceWith(document.adoptNode(fresh)); return; }
            for (const part of parts(main)) {
              const other = page.getElementById(part.id);
              if (!other || other.innerHTML === part.innerHTML) continue;
              const places = [...part.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box === document.activeElement]);
              part.replaceWith(document.adoptNode(other));
              [...other.querySelectorAll(".scroll")].forEach((box, index) => {
                if (!places[index]) return;
                box.scrollLeft = places[index][0];
                if (places[index][1]) box.focus({ preventScroll: true });
              });
            }
          };

          const listen = () => {
            const stream = new EventSource("/api/v1/stream");
            stream.addEventListener("hello", (event) => {
              const now = JSON.parse(event.data).incarnation;
              if (lost || (incarnation !== null && incarnation !== now)) look();
              incarnation = now;
              lost = false;
              say("live", false);
            });
            stream.addEventListener("status", () => { if (listens !== "journal") look(); });
            stream.addEventListener("journal", () => look());
            stream.addEventListener("ready", (event) => { if (JSON.parse(event.data).key === listens) look(); });
            stream.addEventListener("reload", () => look());
            stream.addEventListener("error", () => {
              lost = true;
              say("The coordinator is away; trying again", true);
              // A refusal ends the stream for good: begin another.
              if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
            });
          };
          listen();
          document.addEventListener("visibilitychange", () => { if (!document.hidden && isStale) { isStale = false; look(); } });

          // Where a merged token went.
          const point = (event, isOn) => {
            const token = event.target.closest?.("[data-into]");
            if (!token) return;
            const strip = token.closest(".strip");
            for (const place of token.dataset.into.split(" ")) {
              strip.querySelector(`[data-at="${CSS.escape(place)}"]`)?.classList.toggle("target", isOn);
            }
          };
          for (const [name, isOn] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
            document.addEventListener(name, (event) => point(event, isOn));
          }
        })();
        """#
}
