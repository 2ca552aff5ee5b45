from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from annotation.queries.metrics import gauges


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers in Prometheus' text format, for whoever has the token of the settings; without one there is no such page."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return HttpResponse("the token of METRICS_TOKEN is wanted\n", status=401, content_type="text/plain")
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(FromDatabase())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class FromDatabase(Collector):
    """The same whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        for one in gauges():
            family = GaugeMetricFamily(one.name, one.told, labels=one.labels)
            for labels, value in one.rows:
                family.add_metric(labels, value)
            yield family
