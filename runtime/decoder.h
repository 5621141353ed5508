/* Texts that a trained model decodes from its scores for each step of another sequence: what
 * predict prints of such a model, and what eval compares. */
#ifndef RONDO_DECODER_H
#define RONDO_DECODER_H

#include "generator.h"

/* A text for each record of the data: the best path, or with a beam of more than 1 what prefix
 * search finds (ctc.h). Errors and ownership as of rd_generate. */
bool rd_decode(RdTrained *trained, const RdOptions *options, const RdData *data, RdMadeTexts *texts,
               RdError *error);

#endif
