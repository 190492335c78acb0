// SPDX-License-Identifier: Apache-2.0
// LEMON's network simplex on the lossless networks that bench_routing writes: one line of JSON per
// file. C++ because LEMON is; built and run by tests/bench/routing alone.
//
// CPU milliseconds, the smallest of three runs, over the solver alone. LEMON counts in whole numbers
// here: amounts in cents, costs in 1e-9, which is what its network simplex is fastest with.
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

namespace {

struct Arc {
    unsigned from;
    unsigned to;
    double capacity;
    double cost;
};

double cpu_ms()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

bool read(const char *path, std::vector<double> &supplies, std::vector<Arc> &arcs)
{
    std::FILE *stream = std::fopen(path, "r");
    unsigned nodes = 0;
    unsigned count = 0;
    if (stream == nullptr || std::fscanf(stream, "%u %u", &nodes, &count) != 2) {
        return false;
    }
    supplies.resize(nodes);
    arcs.resize(count);
    bool good = true;
    for (double &supply : supplies) {
        good = good && std::fscanf(stream, "%lf", &supply) == 1;
    }
    for (Arc &arc : arcs) {
        good = good && std::fscanf(stream, "%u %u %lf %lf", &arc.from, &arc.to, &arc.capacity,
                                   &arc.cost) == 4;
    }
    std::fclose(stream);
    return good;
}

int solve(const char *path)
{
    std::vector<double> supplies;
    std::vector<Arc> arcs;
    if (!read(path, supplies, arcs)) {
        std::fprintf(stderr, "bench: cannot read '%s'\n", path);
        return 2;
    }
    lemon::SmartDigraph graph;
    std::vector<lemon::SmartDigraph::Node> nodes;
    for (size_t i = 0; i < supplies.size(); i++) {
        nodes.push_back(graph.addNode());
    }
    lemon::SmartDigraph::ArcMap<std::int64_t> capacity(graph);
    lemon::SmartDigraph::ArcMap<std::int64_t> cost(graph);
    lemon::SmartDigraph::NodeMap<std::int64_t> supply(graph);
    for (const Arc &arc : arcs) {
        const auto added = graph.addArc(nodes[arc.from], nodes[arc.to]);
        capacity[added] = static_cast<std::int64_t>(arc.capacity * 1e2);
        cost[added] = static_cast<std::int64_t>(arc.cost * 1e9);
    }
    std::int64_t sum = 0;
    for (size_t i = 0; i + 1 < supplies.size(); i++) {
        supply[nodes[i]] = static_cast<std::int64_t>(supplies[i] * 1e2);
        sum += supply[nodes[i]];
    }
    supply[nodes.back()] = -sum;
    double best = -1;
    bool optimal = false;
    for (int run = 0; run < 3 && (run == 0 || best < 200); run++) {
        lemon::NetworkSimplex<lemon::SmartDigraph, std::int64_t, std::int64_t> simplex(graph);
        simplex.upperMap(capacity).costMap(cost).supplyMap(supply);
        const double started = cpu_ms();
        optimal = simplex.run() == simplex.OPTIMAL;
        const double ms = cpu_ms() - started;
        best = best < 0 || ms < best ? ms : best;
    }
    std::printf("{\"file\":\"%s\",\"lemon_ms\":%.3f,\"optimal\":%s}\n", path, best,
                optimal ? "true" : "false");
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    int code = 0;
    for (int i = 1; i < argc; i++) {
        code = solve(argv[i]) != 0 ? 2 : code;
    }
    return code;
}
