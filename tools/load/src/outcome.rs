//! What a run came to, as JSON, Markdown and a plot.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;
use plotters::prelude::*;
use serde::Serialize;

use crate::meter::{Measured, micros};

/// Quantiles of the curve of latencies.
const CURVE: &[f64] = &[
    0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999,
];

/// How long operations took, microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// The mean.
    pub mean_us: f64,
    /// Half took no longer.
    pub p50_us: f64,
    /// Nine in ten.
    pub p90_us: f64,
    /// 99 in 100.
    pub p99_us: f64,
    /// 999 in 1,000.
    pub p999_us: f64,
    /// All.
    pub max_us: f64,
    /// Quantile and microseconds.
    pub curve: Vec<(f64, f64)>,
}

impl Latency {
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        Self {
            mean_us: histogram.mean() / 1000.0,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(histogram.max()),
            curve: CURVE
                .iter()
                .map(|&quantile| (quantile, at(quantile)))
                .collect(),
        }
    }
}

/// A moment of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Since the beginning, seconds.
    pub at_s: f64,
    /// Operations a second.
    pub per_second: f64,
    /// Median latency, microseconds.
    pub p50_us: f64,
    /// 99 in 100, microseconds.
    pub p99_us: f64,
}

/// Time on processors.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// Of one operation, microseconds.
    pub us_each: f64,
    /// Processors kept busy.
    pub cores: f64,
    /// Of the whole run, microseconds.
    pub total_us: f64,
}

impl Usage {
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    pub(crate) fn new(cpu: Duration, operations: u64, time: Duration) -> Self {
        let total_us = cpu.as_secs_f64() * 1e6;
        Self {
            us_each: total_us / (operations.max(1) as f64),
            cores: cpu.as_secs_f64() / time.as_secs_f64().max(1e-9),
            total_us,
        }
    }
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The scenario.
    pub scenario: String,
    /// One operation of it.
    pub operation: String,
    /// How it was set.
    pub settings: BTreeMap<String, String>,
    /// Measured, seconds.
    pub seconds: f64,
    /// Done.
    pub operations: u64,
    /// Done in a second.
    pub per_second: f64,
    /// Failed.
    pub errors: u64,
    /// Why the first of them did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// How long they took, from when they should have begun.
    pub latency: Latency,
    /// The server's processors, if its process may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Usage>,
    /// This process's.
    pub client: Usage,
    /// Resident memory of the server afterwards, KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_rss_kib: Option<u64>,
    /// What only this scenario tells, by name with its unit.
    pub figures: BTreeMap<String, f64>,
    /// Over time.
    pub timeline: Vec<Point>,
}

impl Outcome {
    #[allow(clippy::cast_precision_loss, reason = "for people")]
    pub(crate) fn new(scenario: &str, operation: &str, measured: Measured) -> Self {
        Self {
            scenario: scenario.to_owned(),
            operation: operation.to_owned(),
            settings: BTreeMap::new(),
            seconds: measured.time.as_secs_f64(),
            operations: measured.operations,
            per_second: measured.operations as f64 / measured.time.as_secs_f64().max(1e-9),
            errors: measured.errors,
            first_error: measured.first_error,
            latency: measured.latency,
            server: measured.server,
            client: measured.client,
            server_rss_kib: None,
            figures: BTreeMap::new(),
            timeline: measured.timeline,
        }
    }

    pub(crate) fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn figure(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), value);
        self
    }

    /// A table.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.scenario);
        let settings: Vec<String> = self
            .settings
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        let _ = writeln!(
            text,
            "{}; one operation: {}.\n",
            settings.join(", "),
            self.operation
        );
        let _ = writeln!(text, "| figure | value |\n|---|---|");
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "| {name} | {value} |");
        };
        row(
            "operations",
            format!("{} in {:.1} s", self.operations, self.seconds),
        );
        row("a second", format!("{:.0}", self.per_second));
        if self.errors > 0 {
            let why = self.first_error.as_deref().unwrap_or("");
            row("failed", format!("{} (the first: {why})", self.errors));
        }
        let latency = &self.latency;
        row(
            "latency p50 / p90 / p99 / p99.9 / max",
            [
                latency.p50_us,
                latency.p90_us,
                latency.p99_us,
                latency.p999_us,
                latency.max_us,
            ]
            .map(duration)
            .join(" / "),
        );
        if let Some(server) = &self.server {
            row("server CPU each", duration(server.us_each));
            row("server cores busy", format!("{:.2}", server.cores));
        }
        row("client CPU each", duration(self.client.us_each));
        if let Some(kib) = self.server_rss_kib {
            row("server memory", format!("{:.1} MiB", kib as f64 / 1024.0));
        }
        for (name, value) in &self.figures {
            row(name, number(*value));
        }
        text
    }

    /// Writes `NAME.json`, `NAME.md` and `NAME.svg` into a folder; the name is the scenario's if
    /// none is given.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, folder: &Path, name: Option<&str>) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let name = name.unwrap_or(&self.scenario);
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        std::fs::write(file("json"), json)?;
        std::fs::write(file("md"), self.markdown())?;
        let mut plot = String::new();
        self.plot(&mut plot)
            .map_err(|error| anyhow!("the plot: {error}"))?;
        std::fs::write(file("svg"), plot)?;
        Ok(())
    }

    /// Operations over time above, latencies by quantile below.
    fn plot<'a>(&self, out: &'a mut String) -> Result<(), Box<dyn std::error::Error + 'a>> {
        let area = SVGBackend::with_string(out, (800, 700)).into_drawing_area();
        area.fill(&WHITE)?;
        let (above, below) = area.split_vertically(350);
        self.plot_rate(&above)?;
        self.plot_latency(&below)?;
        area.present()?;
        Ok(())
    }

    fn plot_rate<'a>(
        &self,
        area: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    ) -> Result<(), Box<dyn std::error::Error + 'a>> {
        let top = self
            .timeline
            .iter()
            .map(|point| point.per_second)
            .fold(1.0, f64::max);
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption(format!("{}: a second", self.scenario), ("sans-serif", 18))
            .x_label_area_size(36)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..self.seconds.max(0.1), 0.0..top * 1.1)?;
        chart.configure_mesh().x_desc("seconds").draw()?;
        let line = self
            .timeline
            .iter()
            .map(|point| (point.at_s, point.per_second));
        chart.draw_series(AreaSeries::new(line, 0.0, BLUE.mix(0.2)).border_style(BLUE))?;
        Ok(())
    }

    fn plot_latency<'a>(
        &self,
        area: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    ) -> Result<(), Box<dyn std::error::Error + 'a>> {
        let curve = &self.latency.curve;
        let least = curve.first().map_or(1.0, |(_, us)| us.max(1.0));
        let most = curve.last().map_or(10.0, |(_, us)| us.max(least * 2.0));
        // Nines: 1 is 90 %, 2 is 99 %.
        let nines = |quantile: f64| -(1.0 - quantile).log10();
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption("latency, µs, by quantile", ("sans-serif", 18))
            .x_label_area_size(36)
            .y_label_area_size(70)
            .build_cartesian_2d(0.0..5.0, (least..most).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("nines: 1 is 90 %, 2 is 99 %, 3 is 99.9 %")
            .draw()?;
        let line = curve
            .iter()
            .map(|(quantile, us)| (nines(*quantile), us.max(least)));
        chart.draw_series(LineSeries::new(line, &RED))?;
        Ok(())
    }
}

/// Microseconds, readable.
fn duration(us: f64) -> String {
    if us < 1000.0 {
        format!("{us:.1} µs")
    } else if us < 1e6 {
        format!("{:.2} ms", us / 1e3)
    } else {
        format!("{:.2} s", us / 1e6)
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}
