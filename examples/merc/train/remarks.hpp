#pragma once

#include "model/network.hpp"
#include "trainer.hpp"

namespace merc {

/// What becomes of K where there are few dialogs to choose from; empty where nothing does. `dialogs`: of the stage.
std::string remark_on_neighbors(const Stage& stage, bool limit_neighbors, int64_t dialogs);

/// How large the features of each modality are beside the position code, a line each: sentence vectors of small norm drown in it once
/// projected, and nothing else shows it.
std::vector<std::string> remarks_on_scale(NetworkImpl& network, std::vector<const Dialog*> dialogs, torch::Device device);

}  // namespace merc
