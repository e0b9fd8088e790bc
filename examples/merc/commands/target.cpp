#include "commands/target.hpp"

#include "data/open_format.hpp"
#include "train/config.hpp"

#include <string>
#include <system_error>

namespace merc::commands {

namespace fs = std::filesystem;

void check_target(const fs::path& out, bool overwrite) {
  std::error_code error;
  if (!fs::exists(out, error)) return;
  const bool folder = fs::is_directory(out, error);
  if (folder && out.extension() == ".pkl")
    throw UsageError(out.string() + " is a folder, so no pickle can be written there; choose another name");
  if (folder && fs::is_empty(out, error)) return;
  if (!overwrite) throw UsageError(out.string() + " exists; replace it by --overwrite or choose another name");
  if (folder && !fs::exists(out / "dialogs.jsonl"))
    throw UsageError(out.string() +
                     " is a folder that holds no corpus in the open format, so --overwrite leaves it alone; choose another name");
}

void check_file_target(const fs::path& out, bool overwrite) {
  const bool folder = fs::is_directory(out);
  if (fs::exists(out) && (!overwrite || folder))
    throw UsageError(out.string() + " exists; " + (folder ? "" : "replace it by --overwrite or ") + "choose another --out");
}

void write_corpus(const Corpus& corpus, const fs::path& out) {
  const auto folder = out.has_filename() ? out : out.parent_path();
  if (!fs::is_directory(folder) || fs::is_empty(folder)) return convert(corpus, folder);
  auto fresh = folder, old = folder;
  fresh += ".new";
  old += ".old";
  try {
    fs::remove_all(fresh);
    write_open(corpus, fresh);
    fs::remove_all(old);
    fs::rename(folder, old);
    fs::rename(fresh, folder);
    fs::remove_all(old);
  } catch (const fs::filesystem_error& error) {
    throw DataError(folder.string() + ": cannot be replaced: " + error.code().message() + "; choose another name");
  }
}

}  // namespace merc::commands
