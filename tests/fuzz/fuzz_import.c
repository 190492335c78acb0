/* SPDX-License-Identifier: Apache-2.0 */
/* The reference agents' configuration: whatever stands in the JSON, what is made of it is a file
 * that our reader takes or refuses with a sentence, and nothing of a secret is in it. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/cli/config_import.h"
#include "relay/node/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static FILE *nowhere;
    struct node_config *config = NULL;
    struct settings_error error = {""};
    char *text = NULL;
    size_t text_bytes = 0;

    nowhere = nowhere == NULL ? fopen("/dev/null", "w") : nowhere;
    CHECK(nowhere != NULL);
    const struct config_import import = {
        .verb = "config", .key = "0x3333333333333333333333333333333333333333", .talk = nowhere};
    FILE *out = open_memstream(&text, &text_bytes);
    CHECK(out != NULL);
    const int code = config_import_text(&import, bytes_from(data, count), out);
    CHECK(fclose(out) == 0);
    CHECK(code == EXIT_DONE || code == EXIT_USAGE || code == EXIT_REFUSED);
    CHECK(code != EXIT_REFUSED || text_bytes == 0);
    if (code == EXIT_DONE) {
        const enum status status =
            config_parse("imported", bytes_from(text, text_bytes), &config, &error);
        CHECK(status == STATUS_OK || error.text[0] != '\0');
        /* The values of strings cannot add keys of their own: there is one signer and one node. */
        CHECK(status != STATUS_OK || strcmp(config->core.node_name, "relayer") == 0);
        (void)config_free(config);
    }
    free(text);
    return 0;
}
