// Goes on to the app at once. Without this script the page's link leads there.
"use strict";

const link = document.querySelector("a[data-leave]");
if (link) location.replace(link.href);
