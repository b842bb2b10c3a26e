package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"partner.example/referrals/commission/billing"
	"partner.example/referrals/commission/ledger"
	"partner.example/referrals/ent/database"
)

// telemetry is what a server tells about itself: metrics, where somebody may fetch them, and traces, where somebody
// takes them.
type telemetry struct {
	registry *prometheus.Registry // nil: nobody fetches metrics
	traces   trace.TracerProvider
	metrics  metric.MeterProvider
	flush    func(ctx context.Context) error

	operations  *prometheus.CounterVec   // by operation and code
	took        *prometheus.HistogramVec // by operation
	exchanges   *prometheus.CounterVec   // by path and status
	running     prometheus.Gauge
	turnedAway  prometheus.Counter
	conversions *prometheus.CounterVec // by outcome
}

const namespace = "referrals"

// seconds are the bounds of what is measured in them, up to what a request may take.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// newTelemetry makes what is wanted: metrics by a flag, traces by the environment variables of OpenTelemetry.
func newTelemetry(ctx context.Context, measured bool) (*telemetry, error) {
	t := &telemetry{
		traces: tracenoop.NewTracerProvider(), metrics: metricnoop.NewMeterProvider(),
		flush:       func(context.Context) error { return nil },
		operations:  prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "operations_total", Help: "GraphQL operations answered, by the field of the schema that was asked for and the code of the first error."}, []string{"operation", "code"}),
		took:        prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "operation_duration_seconds", Help: "How long GraphQL operations took.", Buckets: seconds}, []string{"operation"}),
		exchanges:   prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "http_requests_total", Help: "HTTP requests answered, by path and status."}, []string{"path", "status"}),
		running:     prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "requests_in_flight", Help: "Requests to /graphql that are being answered."}),
		turnedAway:  prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "requests_turned_away_total", Help: "Requests that were answered UNAVAILABLE because too many were running."}),
		conversions: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "conversions_total", Help: "Conversions and adjustments taken in, by outcome: recorded, or duplicates that were recorded before."}, []string{"outcome"}),
	}
	if measured {
		if err := t.measure(); err != nil {
			return nil, err
		}
	}
	return t, t.trace(ctx)
}

func (t *telemetry) measure() error {
	t.registry = prometheus.NewRegistry()
	t.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
		t.operations, t.took, t.exchanges, t.running, t.turnedAway, t.conversions,
	)
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(t.registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return fmt.Errorf("measure statements: %w", err)
	}
	t.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter), sdkmetric.WithView(sdkmetric.NewView(
		sdkmetric.Instrument{Name: "db.client.operation.duration"},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: seconds}},
	)))
	return nil
}

// trace sends traces where the environment says, by OTLP over HTTP. It is off unless the environment names a place
// or asks for it.
func (t *telemetry) trace(ctx context.Context) error {
	endpoint := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	switch {
	case os.Getenv("OTEL_SDK_DISABLED") == "true", exporter == "none", exporter == "" && endpoint == "":
		return nil
	case exporter != "" && exporter != "otlp":
		return fmt.Errorf("OTEL_TRACES_EXPORTER must be otlp or none, not %q", exporter)
	}
	if protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol != "" && protocol != "http/protobuf" {
		return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, not %q", protocol)
	}
	to, err := otlptracehttp.New(ctx)
	if err != nil {
		return fmt.Errorf("send traces: %w", err)
	}
	// Not the process: its arguments may hold the password of the database.
	about, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("referrals")), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(anonymous{}), sdktrace.WithBatcher(to), sdktrace.WithResource(about))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("traces", "error", err) }))
	t.traces, t.flush = provider, provider.Shutdown
	return nil
}

// tracing tells whether traces are sent.
func (t *telemetry) tracing() bool {
	_, off := t.traces.(tracenoop.TracerProvider)
	return !off
}

// database is how the database is opened to be seen.
func (t *telemetry) database() (options []database.Option) {
	if t.tracing() {
		options = append(options, database.Traced(t.traces))
	}
	if t.registry != nil {
		options = append(options, database.Measured(t.metrics))
	}
	return options
}

// watch measures what the parts of the product count by themselves.
func (t *telemetry) watch(a *app, h *health) {
	if t.registry == nil {
		return
	}
	t.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: "transaction_retries_total", Help: "Transactions that were run again, since another one came first or the connection broke."}, func() float64 { return float64(a.db.Retries()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "ready", Help: "1 where /readyz says so."}, func() float64 {
			if ready, _ := h.ready(); ready {
				return 1
			}
			return 0
		}),
	)
	t.registry.MustRegister(billingLag{a.Context, a.billing})
	a.ledger.Watch = func(recorded ledger.Recorded) {
		t.conversions.WithLabelValues("recorded").Add(float64(recorded.Recorded))
		t.conversions.WithLabelValues("duplicate").Add(float64(recorded.Duplicates))
	}
}

// billingLag asks, whenever metrics are fetched, how far scheduled billing is behind.
type billingLag struct {
	context.Context //nolint:containedctx // the program's: it asks, and no request

	billing *billing.Billing
}

var (
	networksBehind = prometheus.NewDesc(namespace+"_billing_lag_networks", "Networks that scheduled billing has not billed through their yesterday.", nil, nil)
	daysBehind     = prometheus.NewDesc(namespace+"_billing_lag_days", "By how many days the furthest of them is behind.", nil, nil)
)

// Describe tells which metrics there are.
func (l billingLag) Describe(to chan<- *prometheus.Desc) {
	to <- networksBehind
	to <- daysBehind
}

// Collect asks; while the database is away there is no answer.
func (l billingLag) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(l, metricsTimeout/2)
	defer cancel()
	lag, err := l.billing.Lag(ctx)
	if err != nil {
		return
	}
	to <- prometheus.MustNewConstMetric(networksBehind, prometheus.GaugeValue, float64(lag.Networks))
	to <- prometheus.MustNewConstMetric(daysBehind, prometheus.GaugeValue, float64(lag.Days))
}

// handler answers /metrics.
func (t *telemetry) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: metricsTimeout}))
	return mux
}

const metricsTimeout = 10 * time.Second

// answered counts a request, where somebody may fetch it.
func (t *telemetry) answered(path string, status int, told exchange, took time.Duration) {
	if t.registry == nil {
		return
	}
	t.exchanges.WithLabelValues(path, strconv.Itoa(status)).Inc()
	if told.operation != "" {
		t.operations.WithLabelValues(told.operation, told.code).Inc()
		t.took.WithLabelValues(told.operation).Observe(took.Seconds())
	}
}

// around traces requests to the path, as parts of their callers' traces.
func (t *telemetry) around(path string, next http.Handler) http.Handler {
	if !t.tracing() {
		return next
	}
	return otelhttp.NewHandler(
		next, path, otelhttp.WithTracerProvider(t.traces), otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.TraceContext{}), otelhttp.WithFilter(func(r *http.Request) bool { return r.URL.Path == path }),
		otelhttp.WithSpanNameFormatter(func(string, *http.Request) string { return path }),
	)
}

// anonymous takes out of spans who was calling: addresses of people are nobody's business.
type anonymous struct{}

var _ sdktrace.SpanProcessor = anonymous{}

// OnStart takes it out as a span begins.
func (anonymous) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	for _, known := range span.Attributes() {
		switch known.Key {
		case semconv.ClientAddressKey, semconv.NetworkPeerAddressKey, semconv.NetworkPeerPortKey, semconv.UserAgentOriginalKey:
			span.SetAttributes(attribute.KeyValue{Key: known.Key, Value: attribute.StringValue("")})
		}
	}
}

// OnEnd does nothing.
func (anonymous) OnEnd(sdktrace.ReadOnlySpan) {}

// Shutdown does nothing.
func (anonymous) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing.
func (anonymous) ForceFlush(context.Context) error { return nil }
