#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: what is there, then apt, then Playwright's own.
# Argument: the python that has playwright.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation fonts-noto-core && exit 0
fi
"$1" -m playwright install chromium
