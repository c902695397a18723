//! The data plane's shell: the only room that names glommio. Pinning, listeners, connections, timers.
