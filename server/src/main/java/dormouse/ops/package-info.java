/// What operators see of a running Dormouse: log lines ([EventLog]), metrics ([Metrics]) and where they are served
/// ([MetricsServer]). `docs/operating.md` names every one of them.
@NullMarked
package dormouse.ops;

import org.jspecify.annotations.NullMarked;
