/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/backtest/plot.h"

#include "relay/base/check.h"
#include "relay/base/markup.h"

#define WIDTH  960.0
#define HEIGHT 540.0
#define LEFT   80.0
#define RIGHT  170.0
#define TOP    48.0
#define BOTTOM 48.0
#define TICKS  5u

static const char *const colours[PLOT_LINES_MAX] = {"#0b6e4f", "#c1440e", "#3b5ba5", "#8a6d1b",
                                                    "#7a7a7a", "#7b2d8b", "#1f8a8a", "#444444"};

struct scale {
    double low;
    double high;
};

static void text_put(const char *text, FILE *stream)
{
    for (; *text != '\0'; text++) {
        const char *entity = markup_entity(*text);
        if (entity != NULL) {
            (void)fputs(entity, stream);
        } else {
            (void)fputc(*text, stream);
        }
    }
}

static double x_of(double part)
{
    return LEFT + part * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct scale *scale, double value)
{
    return HEIGHT - BOTTOM -
           (value - scale->low) / (scale->high - scale->low) * (HEIGHT - TOP - BOTTOM);
}

static struct scale scale_of(const struct plot *plot)
{
    struct scale scale = {0, 0};

    for (uint32_t i = 0; i < plot->lines_count; i++) {
        for (uint32_t k = 0; k < WORLD_POINTS_MAX; k++) {
            const double value = plot->lines[i].result->points[k];
            scale.low = value < scale.low ? value : scale.low;
            scale.high = value > scale.high ? value : scale.high;
        }
    }
    if (plot->has_best && plot->best > scale.high) {
        scale.high = plot->best;
    }
    if (!(scale.high - scale.low > 1e-9)) {
        scale.high = scale.low + 1;
    }
    return scale;
}

static void axes_put(const struct plot *plot, const struct scale *scale, FILE *stream)
{
    for (uint32_t i = 0; i <= TICKS; i++) {
        const double part = (double)i / TICKS;
        const double value = scale->low + part * (scale->high - scale->low);
        const double y = y_of(scale, value);
        (void)fprintf(stream,
                      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n"
                      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.6g</text>\n"
                      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.0f h</text>\n",
                      LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, value, x_of(part),
                      HEIGHT - BOTTOM + 20, part * plot->scenario->hours);
    }
}

static void line_put(const struct plot *plot, const struct scale *scale, uint32_t index,
                     FILE *stream)
{
    const struct plot_line *line = &plot->lines[index];

    (void)fprintf(stream, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"",
                  colours[index]);
    for (uint32_t k = 0; k < WORLD_POINTS_MAX; k++) {
        (void)fprintf(stream, "%.1f,%.1f ", x_of((double)k / (WORLD_POINTS_MAX - 1)),
                      y_of(scale, line->result->points[k]));
    }
    (void)fprintf(stream, "\"/>\n<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">", WIDTH - RIGHT + 12,
                  TOP + 20 + 22.0 * index, colours[index]);
    text_put(line->name, stream);
    (void)fprintf(stream, " %.6g</text>\n", line->result->value);
}

void plot_write(const struct plot *plot, FILE *stream)
{
    const struct scale scale = scale_of(plot);

    CHECK(plot->lines_count <= PLOT_LINES_MAX);
    (void)fprintf(stream,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
                  "font-family=\"sans-serif\" font-size=\"13\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                  "<text x=\"%.0f\" y=\"28\" font-size=\"17\">",
                  WIDTH, HEIGHT, LEFT);
    text_put(plot->scenario->title, stream);
    (void)fputs(": value after costs</text>\n", stream);
    axes_put(plot, &scale, stream);
    if (plot->has_best) {
        const double y = y_of(&scale, plot->best);
        (void)fprintf(stream,
                      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#999\" "
                      "stroke-dasharray=\"6 4\"/>\n<text x=\"%.1f\" y=\"%.1f\" fill=\"#777\">with "
                      "hindsight</text>\n",
                      LEFT, y, WIDTH - RIGHT, y, WIDTH - RIGHT + 12, y + 4);
    }
    for (uint32_t i = 0; i < plot->lines_count; i++) {
        line_put(plot, &scale, i, stream);
    }
    (void)fputs("</svg>\n", stream);
}
