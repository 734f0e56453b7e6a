// A classic script: modules do not run in a page opened from the disk, and old browsers know none.
addEventListener("DOMContentLoaded", function () {
  var words = "";
  if (location.protocol === "file:") {
    words =
      "Ouverte comme un fichier, cette page n'a pas le droit de lire ceux d'à côté. Que faire : dans ce dossier, lancez « python3 -m http.server --bind 127.0.0.1 8000 » (Windows : « py » au lieu de « python3 »), puis ouvrez http://127.0.0.1:8000.";
  } else if (!("noModule" in document.createElement("script")) || typeof WebAssembly !== "object") {
    words = "Ce navigateur est trop ancien. Que faire : prenez Firefox, Chromium, Edge ou Chrome, à jour.";
  }
  if (words) {
    document.getElementById("attente").textContent = words;
    document.getElementById("etat").textContent = "";
    document.getElementById("chargement").hidden = true;
  }
});
