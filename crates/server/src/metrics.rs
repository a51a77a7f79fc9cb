//! The counters of the gateway in the text format of Prometheus.

use std::sync::Arc;

use gateway::{CALL_TIME_BOUNDS_US, Metrics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

/// Everything that is counted.
pub(crate) fn registry(metrics: Arc<Metrics>) -> Registry {
    let mut registry = Registry::with_prefix("chappe");
    registry.register_collector(Box::new(Gateway(metrics)));
    registry
}

#[derive(Debug)]
struct Gateway(Arc<Metrics>);

impl Collector for Gateway {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let m = &*self.0;
        for (name, help, value) in [
            ("connections", "Open connections", m.connections.get()),
            (
                "sessions",
                "Sessions, with and without a connection",
                m.sessions.get(),
            ),
            ("keys", "Keys in memory", m.keys.get()),
        ] {
            let out = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(out)?;
        }
        for (name, help, value) in [
            ("accepted", "Connections accepted", &m.accepted),
            ("refused", "Connections refused by a limit", &m.refused),
            (
                "handshake_steps",
                "Steps of key exchanges",
                &m.handshake_steps,
            ),
            ("keys_made", "Keys made", &m.keys_made),
            ("calls", "Calls that came", &m.calls),
            (
                "call_errors",
                "Calls answered with an error",
                &m.call_errors,
            ),
            (
                "calls_limited",
                "Calls refused by a limit",
                &m.calls_limited,
            ),
            ("updates", "Updates put into sessions", &m.updates),
            ("writes", "Writes to sockets", &m.writes),
            (
                "slow_readers",
                "Connections closed because the client did not read",
                &m.slow_readers,
            ),
            (
                "faults",
                "Connections closed because of a fault of the client",
                &m.faults,
            ),
        ] {
            let out = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value.get()).encode(out)?;
        }
        for (name, help, value) in [
            ("received", "Bytes read", &m.bytes_in),
            ("sent", "Bytes written", &m.bytes_out),
        ] {
            let unit = Some(&Unit::Bytes);
            let out = encoder.encode_descriptor(name, help, unit, MetricType::Counter)?;
            ConstCounter::new(value.get()).encode(out)?;
        }
        let unit = Some(&Unit::Seconds);
        let help = "How long calls took";
        let mut out = encoder.encode_descriptor("call", help, unit, MetricType::Histogram)?;
        let bounds = CALL_TIME_BOUNDS_US.iter().map(|us| *us as f64 / 1e6);
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::MAX])
            .zip(m.call_times.iter().map(gateway::Count::get))
            .collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        out.encode_histogram::<NoLabelSet>(m.call_time_us.get() as f64 / 1e6, count, &buckets, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_counters_and_cumulative_buckets() {
        let mut text = String::new();
        let registry = registry(Arc::default());
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains("\nchappe_calls_total 0\n"), "{text}");
        assert!(
            text.contains("chappe_call_seconds_bucket{le=\"+Inf\"} 0"),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
