"""The addresses of all routes, under any base path."""

from importlib.metadata import version

import streamlit as st

BASE = "/" + st.get_option("server.baseUrlPath").strip("/") if st.get_option("server.baseUrlPath") else ""
EVENTS_ROUTE = BASE + "/runs/{run_id:path}/events"  # the name in the address does not matter: the route decides the answer
EXPORT_ROUTE = BASE + "/runs/{run_id:path}/{file}"  # must come after EVENTS_ROUTE in the list of routes
PLOTLY_ROUTE = f"{BASE}/scripts/plotly-{version('plotly')}.min.js"
SWEEP_ROUTE = BASE + "/sweeps/{sweep_id}/events"
RECORDED_ROUTE = BASE + "/lessons/{lesson_id}/recorded"
HEALTH_ROUTE = BASE + "/health"
