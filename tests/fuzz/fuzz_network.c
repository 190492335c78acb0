/* SPDX-License-Identifier: Apache-2.0 */
/* The files that strangers hand to solve, certify and explain: a network, and after a NUL byte a
 * plan for it. What is read must be sound, and judging and explaining it must end. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/certificate.h"
#include "relay/routing/explain.h"
#include "relay/routing_file/plan_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan_judge(const struct network_file *network, const struct plan_file *file)
{
    const struct model *model = &network->model;
    struct certificate certificate;
    struct explanation explanation;
    const char *lie = NULL;
    void *scratch = malloc(certificate_footprint(model) + 1);
    void *memory = malloc(explain_footprint(model) + 1);

    CHECK(scratch != NULL);
    CHECK(memory != NULL);
    if (certificate_compute(model, &file->plan, scratch, &certificate) == STATUS_OK) {
        const bool supported = certificate_supports(&certificate, &file->plan, &lie);
        CHECK(supported == (lie == NULL));
        /* What is supported is a number: no NaN passes for a proof. */
        CHECK(!supported || file->plan.status == MODEL_INFEASIBLE || isfinite(certificate.gap));
    }
    explain_plan(model, file->positions, file->flows, &file->plan.prices, memory, &explanation);
    json_t *written = plan_file_document(network, &file->plan, NULL);
    CHECK(written != NULL);
    json_decref(written);
    free(memory);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 0, size);
    const size_t network_bytes = end == NULL ? size : (size_t)(end - data);
    const size_t plan_bytes = end == NULL ? 0 : size - network_bytes - 1;
    struct document_error error = {""};
    struct network_file *network = NULL;
    struct plan_file *plan = NULL;

    if (network_file_parse(bytes_from(data, network_bytes), &network, &error) != STATUS_OK) {
        CHECK(error.text[0] != '\0');
        CHECK(strchr(error.text, '\n') == NULL);
        return 0;
    }
    const enum status sound = model_check(&network->model);
    CHECK(sound == STATUS_OK);
    if (end != NULL) {
        if (plan_file_parse(network, bytes_from(end + 1, plan_bytes), &plan, &error) == STATUS_OK) {
            plan_judge(network, plan);
        } else {
            CHECK(error.text[0] != '\0');
            CHECK(strchr(error.text, '\n') == NULL);
        }
    }
    (void)plan_file_free(plan);
    (void)network_file_free(network);
    return 0;
}
