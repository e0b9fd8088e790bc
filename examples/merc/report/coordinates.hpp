#pragma once

#include <Eigen/Core>

#include <filesystem>
#include <string>
#include <vector>

namespace merc {

/// Points that another program found for dialogs, such as UMAP or t-SNE from the files of `idcl-merc embed`: [ids, 2], in the order of
/// the ids. The file has a head and tabs between its columns, of which vid, x and y are read. Throws DataError that names the line or the
/// dialog that has no point.
Eigen::MatrixXd read_coordinates(const std::filesystem::path& path, const std::vector<std::string>& ids);

}  // namespace merc
